"""What the server wants to know of people: requests for consent, and questions of the model."""

from mentra.opencode.answers import PermissionAsked, QuestionAsked
from mentra.opencode.api import OpencodeApi, if_known

Asked = PermissionAsked | QuestionAsked


async def what_waits(api: OpencodeApi) -> tuple[Asked, ...]:
    """All that waits for an answer in the directory; older servers do not tell.

    :raises Unanswered: the server is not there.
    """
    consent = await if_known(api.permissions(), [])
    return (*consent, *await if_known(api.questions(), []))
