"""Agents: which there are."""

from mentra.extension import handler
from mentra.interfaces.messaging import IContext
from mentra.interfaces.opencode import IOpencode
from mentra.messages.opencode import AgentInfo, AgentList, ListAgents
from mentra.opencode.path import PATH


@handler(PATH, ListAgents)
async def list_agents(message: ListAgents, context: IContext) -> AgentList:
    """All of them, hidden ones too."""
    found = await IOpencode(context.services).api.agents()
    agents = (
        AgentInfo(
            name=one.name,
            description=one.description,
            mode=one.mode,
            built_in=bool(one.built_in if one.native is None else one.native),
            color=one.color,
        )
        for one in found
    )
    return AgentList(agents=tuple(agents))
