// An app that does what a test tells it, line by line over a socket, and tells what it is told.
import net from "node:net"

const { PACKAGE_NAME, API_KEY, PORT, CONTROL_PORT, SDK } = process.env
const { AppServer, logger } = await import(SDK)
if (logger) logger.level = "silent"

const control = net.connect(Number(CONTROL_PORT), "127.0.0.1")
control.setNoDelay(true)
const sessions = new Map()
const handlers = new Map()
const many = []
let live
let held = null
let release = () => {}

const bytes = (data) => ({ bytes: Buffer.from(data).toString("base64") })

function plain(_, value) {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return bytes(value)
  if (value?.type === "Buffer" && Array.isArray(value.data)) return bytes(value.data)
  if (value instanceof Error) return { error: value.message }
  return value
}

const say = (message) => control.write(JSON.stringify(message, plain) + "\n")

// what the path names, and what it is a method of
function find(root, path) {
  let owner, found = root
  for (const name of path.split(".")) [owner, found] = [found, found?.[name]]
  return [owner, found]
}

class RemoteApp extends AppServer {
  async onSession(session, sessionId, userId) {
    sessions.set(userId, session)
    session.events.onError((error) => say({ event: "error", userId, message: error.message }))
    session.events.onDisconnected((info) =>
      say({ event: "disconnected", userId, code: info.code, permanent: info.permanent === true }))
    session.events.onConnected(() => say({ event: "reconnected", userId }))
    say({ event: "session", userId, sessionId })
    await held
  }

  async onStop(sessionId, userId, reason) {
    say({ event: "stop", userId, sessionId, reason })
    await super.onStop(sessionId, userId, reason)
  }

  async onToolCall(call) {
    const { activeSession, ...rest } = call
    return JSON.stringify({ ...rest, active: activeSession !== null })
  }
}

const app = new RemoteApp({ packageName: PACKAGE_NAME, apiKey: API_KEY, port: Number(PORT) })

const verbs = {
  call: async (session, { path, args }) => {
    const [owner, method] = find(session, path)
    return await method.apply(owner, args)
  },
  get: (session, { path }) => find(session, path)[1],
  listen: (session, { path, args, after, as, userId }) => {
    const [owner, method] = find(session, path)
    const tell = (...data) => say({ event: "heard", userId, as, data })
    handlers.set(`${userId} ${as}`, method.apply(owner, [...args, tell, ...after]))
  },
  unlisten: (_, { as, userId }) => {
    handlers.get(`${userId} ${as}`)?.()
    handlers.delete(`${userId} ${as}`)
  },
  // asked for and taken back before anybody can answer
  takeBackPhoto: async (session) => {
    const asked = session.camera.requestPhoto().catch((error) => error.message ?? error)
    const requestId = [...app.pendingPhotoRequests.keys()].at(-1)
    const was = session.camera.hasPhotoPendingRequest(requestId)
    const done = session.camera.cancelPhotoRequest(requestId)
    return [was, done, session.camera.hasPhotoPendingRequest(requestId), await asked]
  },
  takeBackSound: async (session, { args: [audioUrl] }) => {
    const { audio } = session
    const [first, second] = [1, 2].map(() =>
      audio.playAudio({ audioUrl }).catch((error) => error.message ?? error))
    const [requestId] = audio.getPendingRequestIds()
    const was = [audio.hasPendingRequest(requestId), audio.getPendingRequestCount()]
    const done = [audio.cancelAudioRequest(requestId), audio.cancelAllAudioRequests()]
    return [...was, ...done, audio.getPendingRequestCount(), await first, await second]
  },
  openLive: async (session, { args }) => {
    live = await session.audio.createOutputStream(...args)
    return live.streamUrl
  },
  writeLive: (session, { args: [bytes] }) => {
    live.write(Buffer.from(bytes, "base64"))
    return session.audio.getActiveOutputStream() === live
  },
  endLive: () => live.end(),
  subscribeBySettings: (session, { args: [updateOnChange], userId }) =>
    session.setSubscriptionSettings({ updateOnChange, handler: (settings) => {
      say({ event: "heard", userId, as: "subscribing", data: [settings] })
      return []
    } }),
  // a network that fails says nothing
  drop: (session) => session.ws.terminate(),
  // what apps do that ask for many things at once
  listenToAll: (session, { streams, userId }) => {
    for (const stream of streams)
      many.push(session.on(stream, (data) =>
        say({ event: "heard", userId, as: stream, data: [data] })))
  },
  forgetAll: () => many.splice(0).forEach((forget) => forget()),
  flood: (session) => {
    let sent = 0
    const next = () => {
      session.layouts.showTextWall(`flood ${++sent}`)
      if (session.ws?.readyState === 1) setImmediate(next)
      else say({ event: "flooded", userId: session.userId, sent })
    }
    next()
  },
  speakOver: (session) => {
    session.layouts.showTextWall("before")
    session.ws.close()
    try { session.layouts.showTextWall("after") } catch (error) { return error.message }
  },
  hold: () => { held = new Promise((resolve) => { release = resolve }) },
  release: () => { release(); held = null },
}

async function obey(line) {
  const order = JSON.parse(line)
  try {
    const session = order.userId === undefined ? app : sessions.get(order.userId)
    const result = await verbs[order.verb](session, order)
    const sayable = result !== undefined && typeof result !== "function"
    say({ id: order.id, result: sayable ? result : null })
  } catch (error) {
    say({ id: order.id, error: error?.message ?? String(error) })
  }
}

let rest = ""
control.on("data", (data) => {
  const lines = (rest + data).split("\n")
  rest = lines.pop()
  lines.forEach(obey)
})
control.on("close", () => process.exit(0))

// a page that says whom the SDK takes its visitor for
const said = (userId, session) => ({ userId: userId ?? null, isOn: Boolean(session) })
if (globalThis.Bun)
  app.get("/whoami", (c) => c.json(said(c.get("authUserId"), c.get("activeSession"))))
else
  app.getExpressApp().get("/whoami", (request, answer) =>
    answer.json(said(request.authUserId, request.activeSession)))

if (globalThis.Bun) Bun.serve({ port: Number(PORT), hostname: "127.0.0.1", fetch: app.fetch })
// it asks its maker for news of itself first, who is not there
else app.start()
