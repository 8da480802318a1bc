// src/errors.ts
/** A request failed: everything that the server said about it. */
var ChannelError = class extends Error {
	code;
	details;
	constructor(code, message, details) {
		super(message);
		this.name = "ChannelError";
		this.code = code;
		this.details = details;
	}
	/** Milliseconds until trying again makes sense, where the server told. */
	get retryAfterMs() {
		const told = this.details?.retryAfterMs;
		return typeof told === "number" ? told : void 0;
	}
};
// src/frames.ts
/** The frame in `text`, or null if it is none that a client may get. */
function parseFrame(text) {
	let frame;
	try {
		frame = JSON.parse(text);
	} catch {
		return null;
	}
	if (typeof frame !== "object" || frame === null) return null;
	const { type, id, channel } = frame;
	if (typeof channel !== "string") return null;
	if (type === "event") return frame;
	return type === "response" && typeof id === "string" ? frame : null;
}
// src/listeners.ts
/** Who listens to which channel. */
var Listeners = class {
	#byChannel = /* @__PURE__ */ new Map();
	/** Have `listener` called with the payload of every event; what it returns ends that. */
	add(channel, listener) {
		let listening = this.#byChannel.get(channel);
		if (listening === void 0) {
			listening = /* @__PURE__ */ new Set();
			this.#byChannel.set(channel, listening);
		}
		const own = (payload) => listener(payload);
		listening.add(own);
		return () => {
			listening.delete(own);
			if (listening.size === 0 && this.#byChannel.get(channel) === listening) this.#byChannel.delete(channel);
		};
	}
	/** Nobody listens to `channel` any more. */
	remove(channel) {
		this.#byChannel.get(channel)?.clear();
		this.#byChannel.delete(channel);
	}
	/** Tell everybody; one that throws costs the others nothing. */
	tell(channel, payload) {
		for (const listener of [...this.#byChannel.get(channel) ?? []]) try {
			listener(payload);
		} catch (problem) {
			queueMicrotask(() => {
				throw problem;
			});
		}
	}
	get size() {
		return this.#byChannel.size;
	}
};
// src/pending.ts
/** Requests that have no answer yet. */
var Pending = class {
	#waiting = /* @__PURE__ */ new Map();
	get size() {
		return this.#waiting.size;
	}
	/** A promise of the answer to `id`; it is rejected after `timeout` ms, or when `signal` aborts. */
	wait(id, channel, timeout, signal) {
		return new Promise((resolve, reject) => {
			const fail = (problem) => this.#settle(id)?.reject(problem);
			const abort = () => fail(abortion(signal));
			const late = () => fail(new ChannelError("TIMEOUT", `No answer on ${channel} in time`));
			signal?.addEventListener("abort", abort, { once: true });
			this.#waiting.set(id, {
				resolve,
				reject,
				timer: setTimeout(late, timeout),
				unwatch: () => signal?.removeEventListener("abort", abort)
			});
		});
	}
	/** Settle whatever `frame` answers; false if nobody waits for it. */
	answer(frame) {
		const { error } = frame;
		if (error === void 0) {
			const waiting = this.#settle(frame.id);
			waiting?.resolve(frame.payload ?? null);
			return waiting !== void 0;
		}
		const waiting = this.#settle(frame.id) ?? this.#settle(requestOf(error.details));
		waiting?.reject(new ChannelError(error.code, error.message, error.details));
		return waiting !== void 0;
	}
	/** Nothing will be answered any more. */
	rejectAll(problem) {
		for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(problem);
	}
	/** Reject `id`, if it still waits. */
	reject(id, problem) {
		this.#settle(id)?.reject(problem);
	}
	#settle(id) {
		const waiting = id === void 0 ? void 0 : this.#waiting.get(id);
		if (id !== void 0 && waiting !== void 0) {
			this.#waiting.delete(id);
			clearTimeout(waiting.timer);
			waiting.unwatch();
		}
		return waiting;
	}
};
/** The request that was too many: its refusal has an id of its own. */
function requestOf(details) {
	const id = details?.requestId;
	return typeof id === "string" ? id : void 0;
}
function abortion(signal) {
	const reason = signal?.reason;
	return reason instanceof Error ? reason : new ChannelError("ABORTED", "The request was given up");
}
// src/socket.ts
/** The runtime's own WebSocket. */
function defaultSocket() {
	const found = globalThis.WebSocket;
	if (found === void 0) throw new Error("there is no WebSocket here: give one with the option WebSocket");
	return found;
}
// src/client.ts
var GROWTH = 1.5;
/** The close code of a server that does not want the token. */
var WRONG_TOKEN = 4001;
/**
* One connection to a mentra server, made again when it breaks.
*
* Requests are answered by promises, which are rejected with a {@link ChannelError}. Nothing is
* sent twice: what was under way when a connection broke is rejected, and whoever asked decides.
*/
var ChannelClient = class {
	#options;
	#listeners = new Listeners();
	#pending = new Pending();
	#prefix = randomPrefix();
	#number = 0;
	#socket = null;
	#state = "closed";
	#opening = null;
	#attempts = 0;
	#retry = null;
	/** Whether a first try that fails is followed by others. */
	#persistent = false;
	constructor(options) {
		this.#options = {
			reconnect: true,
			reconnectInterval: 1e3,
			maxReconnectAttempts: 10,
			requestTimeout: 3e4,
			...options
		};
	}
	get connectionState() {
		return this.#state;
	}
	get isConnected() {
		return this.#state === "open";
	}
	/** How many requests have no answer yet. */
	get pendingCount() {
		return this.#pending.size;
	}
	/**
	* Connect; while that is under way, or done, this is the same promise again. A first try that
	* fails is rejected, and nothing is tried again by itself.
	*/
	connect() {
		this.#stopRetrying();
		if (this.#opening !== null) return this.#opening.promise;
		if (this.#state === "open") return Promise.resolve();
		this.#attempts = 0;
		this.#persistent = false;
		return this.#open();
	}
	/**
	* Connect, and if that fails go on as if a connection had broken: for pages, which people open
	* before the server is there. What comes of it is told by `connection:state`, in the end by
	* `connection:failed`.
	*/
	start() {
		this.connect().catch(() => void 0);
		this.#persistent = true;
	}
	/** Close, and stay closed until `connect()` is called. */
	disconnect() {
		this.#stopRetrying();
		this.#attempts = 0;
		this.#persistent = false;
		const socket = this.#socket;
		if (socket === null) return;
		this.#drop(socket);
		this.#become("closing");
		this.#fail(new ChannelError("CONNECTION_CLOSED", "The connection was closed"));
		socket.close(1e3);
		this.#become("closed");
	}
	async sendMessage(channel, payload, options = {}) {
		const socket = this.#socket;
		if (this.#state !== "open" || socket === null || socket.readyState !== 1) throw new ChannelError("CONNECTION_CLOSED", "There is no connection");
		if (options.signal?.aborted) throw abortion(options.signal);
		const id = options.id ?? this.newRequestId();
		const frame = {
			type: "request",
			id,
			channel,
			timestamp: Date.now()
		};
		if (payload !== void 0) frame.payload = payload;
		const text = JSON.stringify(frame);
		const timeout = options.timeout ?? this.#options.requestTimeout;
		const answer = this.#pending.wait(id, channel, timeout, options.signal);
		try {
			socket.send(text);
		} catch {
			this.#pending.reject(id, new ChannelError("CONNECTION_CLOSED", "It could not be sent"));
		}
		return answer;
	}
	onMessage(channel, listener) {
		return this.#listeners.add(channel, listener);
	}
	/** Nobody listens to `channel` any more. */
	offMessage(channel) {
		this.#listeners.remove(channel);
	}
	/** An id that no other request has. */
	newRequestId() {
		this.#number += 1;
		return `${this.#prefix}-${this.#number}`;
	}
	#open() {
		const Socket = this.#options.WebSocket ?? defaultSocket();
		let settle;
		const promise = new Promise((resolve, reject) => {
			settle = {
				resolve,
				reject
			};
		});
		this.#opening = {
			promise,
			reject: (problem) => settle.reject(problem)
		};
		this.#become("connecting");
		let socket;
		try {
			socket = new Socket(this.#url());
		} catch (problem) {
			this.#opening = null;
			this.#become("closed");
			settle.reject(problem);
			return promise;
		}
		this.#socket = socket;
		socket.onopen = () => {
			this.#attempts = 0;
			this.#opening = null;
			this.#become("open");
			settle.resolve();
		};
		socket.onmessage = (event) => this.#received(event.data);
		socket.onerror = () => void 0;
		socket.onclose = (event) => this.#closed(socket, event);
		return promise;
	}
	#closed(socket, event) {
		const wasOpen = this.#state === "open";
		this.#drop(socket);
		this.#become("closed");
		const told = event.reason ? `: ${event.reason}` : "";
		this.#fail(new ChannelError("CONNECTION_CLOSED", `The connection is closed${told}`, event.code));
		if (event.code === WRONG_TOKEN) {
			this.#attempts = 0;
			this.#listeners.tell("connection:refused", { reason: event.reason ?? "" });
		} else if (wasOpen || this.#attempts > 0 || this.#persistent) this.#tryLater();
	}
	/** Let go of `socket`: whatever it says from now on is nobody's business. */
	#drop(socket) {
		socket.onopen = socket.onclose = socket.onmessage = null;
		socket.onerror = () => void 0;
		if (this.#socket === socket) this.#socket = null;
	}
	#fail(problem) {
		const opening = this.#opening;
		this.#opening = null;
		opening?.reject(problem);
		this.#pending.rejectAll(problem);
	}
	#tryLater() {
		const { reconnect, reconnectInterval, maxReconnectAttempts } = this.#options;
		if (!reconnect) return;
		if (this.#attempts >= maxReconnectAttempts) {
			this.#attempts = 0;
			this.#listeners.tell("connection:failed", {});
			return;
		}
		this.#attempts += 1;
		const wait = reconnectInterval * GROWTH ** (this.#attempts - 1);
		this.#retry = setTimeout(() => {
			this.#retry = null;
			this.#open().catch(() => void 0);
		}, wait);
	}
	#stopRetrying() {
		if (this.#retry !== null) clearTimeout(this.#retry);
		this.#retry = null;
	}
	#received(data) {
		const frame = typeof data === "string" ? parseFrame(data) : null;
		if (frame?.type === "event") this.#listeners.tell(frame.channel, frame.payload);
		else if (frame?.type === "response") this.#pending.answer(frame);
	}
	#become(state) {
		if (state === this.#state) return;
		this.#state = state;
		this.#listeners.tell("connection:state", { state });
	}
	#url() {
		const { url, token } = this.#options;
		if (token === void 0) return url;
		return `${url}${url.includes("?") ? "&" : "?"}token=${encodeURIComponent(token)}`;
	}
};
function randomPrefix() {
	return [...crypto.getRandomValues(/* @__PURE__ */ new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
// src/streaming.ts
/** Milliseconds that an answer may take altogether. */
var PATIENCE = 6e5;
/**
* Ask a language model and have `onChunk` called with each piece of its answer, in order.
*
* Pieces of other requests are left alone, and nothing listens any more when the promise settles.
* Aborting `options.signal` gives the answer up, here and on the server.
*/
async function chatStream(client, request, onChunk, options = {}) {
	const id = options.id ?? client.newRequestId();
	const stop = client.onMessage("ai:stream-chunk", (event) => {
		if (event.requestId === id) onChunk(event.chunk);
	});
	const cancel = () => {
		stop();
		client.sendMessage("ai:cancel", { requestId: id }).catch(() => void 0);
	};
	options.signal?.addEventListener("abort", cancel, { once: true });
	try {
		return await client.sendMessage("ai:chat-stream", request, {
			timeout: PATIENCE,
			...options,
			id
		});
	} finally {
		stop();
		options.signal?.removeEventListener("abort", cancel);
	}
}
// ../../examples/chat/src/dom.ts
/** The element of that id, which the page has. */
function byId(id) {
	const found = document.getElementById(id);
	if (found === null) throw new Error(`the page has no #${id}`);
	return found;
}
/** A new element with properties and children; text goes in as text. */
function make(tag, properties = {}, ...children) {
	const element = Object.assign(document.createElement(tag), properties);
	element.append(...children);
	return element;
}
/** A button that does `work`. */
function button(text, work) {
	return make("button", {
		type: "button",
		onclick: work
	}, text);
}
/** Put `items` into `list`; whoever was at one of them with the keyboard stays there. */
function fill(list, items) {
	const focused = document.activeElement;
	list.replaceChildren(...items);
	if (focused instanceof HTMLElement && list.contains(focused)) focused.focus({ preventScroll: true });
}
/** What went wrong, as a sentence. */
function wordsOf(problem) {
	const words = problem instanceof Error ? problem.message : String(problem);
	return /[.!?…]$/.test(words) ? words : `${words}.`;
}
/** Say what went wrong, until something else does or it is dismissed; `again` may be tried again. */
function complain(problem, again) {
	const bar = byId("problem");
	bar.querySelector("p").textContent = wordsOf(problem);
	byId("again").hidden = again === void 0;
	byId("again").onclick = () => {
		bar.hidden = true;
		again?.();
	};
	byId("dismiss").onclick = () => bar.hidden = true;
	bar.hidden = false;
}
/** Tell those who do not see the page what has just come. */
function announce(text) {
	byId("announcement").textContent = text;
}
/** Have `work` done, and what goes wrong with it said. */
function attempt(work) {
	work().catch((problem) => complain(problem));
}
// ../../examples/chat/src/chats.ts
/** The list of chats, and what a search finds in them. */
var Chats = class {
	#client;
	#choose;
	#entries = /* @__PURE__ */ new Map();
	#search = byId("search");
	#chats = [];
	#current = null;
	constructor(client, choose) {
		this.#client = client;
		this.#choose = choose;
		byId("new-chat").onclick = () => attempt(() => this.#begin());
		this.#search.oninput = () => attempt(() => this.#find(this.#search.value));
		byId("show-list").onclick = () => this.#open(byId("show-list").ariaExpanded !== "true");
		client.onMessage("chat:created", (chat) => this.#keep(chat));
		client.onMessage("chat:updated", (chat) => this.#keep(chat));
		client.onMessage("chat:deleted", ({ id }) => this.#forget(id));
	}
	/** Read them anew: at the start, and whenever the connection is back. */
	async load() {
		this.#chats = await this.#client.sendMessage("chat:list", { limit: 200 });
		const current = this.#chats.find((chat) => chat.id === this.#current) ?? this.#chats[0];
		this.#show();
		this.#select(current ?? null);
	}
	async create() {
		const chat = await this.#client.sendMessage("chat:create", {});
		this.#keep(chat);
		this.#select(chat);
		return chat;
	}
	async #begin() {
		await this.create();
		this.#open(false);
		byId("text").focus();
	}
	/** On a narrow screen the list comes in place of the chat. */
	#open(open) {
		byId("show-list").ariaExpanded = String(open);
		document.querySelector("main").dataset.list = open ? "open" : "";
	}
	#select(chat, messageId) {
		this.#current = chat?.id ?? null;
		this.#show();
		this.#choose(chat, messageId);
	}
	#keep(chat) {
		this.#chats = [chat, ...this.#chats.filter((other) => other.id !== chat.id)];
		this.#chats.sort((one, other) => other.updatedAt.localeCompare(one.updatedAt));
		this.#show();
	}
	#forget(id) {
		this.#chats = this.#chats.filter((chat) => chat.id !== id);
		this.#entries.delete(id);
		if (this.#current === id) this.#select(this.#chats[0] ?? null);
		else this.#show();
	}
	#show() {
		fill(byId("chats"), this.#chats.map((chat) => this.#entry(chat)));
		if (!this.#search.value.trim()) byId("empty").textContent = this.#chats.length ? "" : "There are no chats yet.";
	}
	#entry(chat) {
		let entry = this.#entries.get(chat.id);
		if (entry === void 0) {
			entry = make("li", {}, button("", () => this.#chosen(chat.id)), button("×", () => this.#remove(chat.id)));
			this.#entries.set(chat.id, entry);
		}
		const [open, remove] = entry.querySelectorAll("button");
		open.textContent = open.title = chat.title;
		remove.title = remove.ariaLabel = `Delete ${chat.title}`;
		open.ariaCurrent = chat.id === this.#current ? "true" : null;
		return entry;
	}
	#chosen(id, messageId) {
		attempt(async () => {
			const listed = this.#chats.find((chat) => chat.id === id);
			this.#select(listed ?? await this.#client.sendMessage("chat:get", { id }), messageId);
			this.#open(false);
		});
	}
	#remove(id) {
		const title = this.#chats.find((chat) => chat.id === id)?.title;
		if (!confirm(`Delete “${title}” and all that is in it?`)) return;
		attempt(() => this.#client.sendMessage("chat:delete", { id }));
	}
	async #find(query) {
		const found = query.trim() ? await this.#client.sendMessage("chat:search", { query }) : [];
		if (this.#search.value !== query) return;
		const list = byId("found");
		list.replaceChildren(...found.map((one) => this.#finding(one)));
		list.hidden = query.trim() === "";
		byId("chats").hidden = !list.hidden;
		const count = found.length === 1 ? "1 message found." : `${found.length} messages found.`;
		byId("empty").textContent = found.length ? count : "Nothing found.";
		if (list.hidden) this.#show();
	}
	#finding(found) {
		const open = button(found.chatTitle, () => this.#chosen(found.chatId, found.messageId));
		open.append(make("small", {}, found.snippet));
		return make("li", {}, open);
	}
};
// ../../examples/chat/src/messages.ts
var NAMES = {
	user: "You",
	assistant: "Assistant",
	system: "System"
};
var AT_A_TIME = 100;
/** Pixels from the end within which somebody is thought to be reading there. */
var NEAR = 80;
/** The messages of one chat, as far as they are shown. */
var Messages = class {
	#client;
	#list = byId("messages");
	#scroll = byId("scroll");
	#shown = /* @__PURE__ */ new Map();
	#chatId = null;
	#before = null;
	/** Who wrote the last one. */
	last = null;
	constructor(client) {
		this.#client = client;
		byId("earlier").onclick = () => attempt(() => this.#earlier());
	}
	/** Show those of a chat, until the one of that id is among them. */
	async open(chatId, until) {
		if (chatId !== this.#chatId) this.clear();
		this.#chatId = chatId;
		const page = await this.#client.sendMessage("chat:get-messages", {
			chatId,
			limit: AT_A_TIME
		});
		if (chatId !== this.#chatId) return;
		this.clear();
		this.#chatId = chatId;
		page.messages.forEach((message) => this.show(message));
		this.#more(page.nextBefore);
		this.#scroll.scrollTop = this.#scroll.scrollHeight;
		while (until !== void 0 && !this.#shown.has(until) && this.#before !== null) await this.#earlier();
		const wanted = until === void 0 ? void 0 : this.#shown.get(until);
		wanted?.scrollIntoView({ block: "center" });
		wanted?.focus({ preventScroll: true });
	}
	clear() {
		this.#shown.clear();
		this.#list.replaceChildren();
		this.#chatId = this.last = null;
		this.#more(null);
		this.#hint();
	}
	/** Show one at the end, or what has become of it. */
	show(message) {
		const there = this.#shown.get(message.id);
		if (there !== void 0) return there.replaceWith(this.#item(message));
		this.last = message.role;
		this.#following(() => this.#list.append(this.#item(message)));
		this.#hint();
	}
	/** An answer that grows with each text that it is given, until it is removed. */
	growing() {
		const text = make("div", { className: "text" });
		const item = make("li", { ariaBusy: "true" }, make("p", { className: "who" }, "Assistant"), text);
		item.dataset.role = "assistant";
		item.dataset.pending = "";
		this.#following(() => this.#list.append(item));
		return {
			add: (piece) => this.#following(() => text.append(piece)),
			remove: () => item.remove()
		};
	}
	/** Do it, and stay at the end if that is where somebody reads. */
	#following(change) {
		const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
		const near = scrollHeight - scrollTop - clientHeight < NEAR;
		change();
		if (near) this.#scroll.scrollTop = this.#scroll.scrollHeight;
	}
	async #earlier() {
		const chatId = this.#chatId;
		if (chatId === null || this.#before === null) return;
		const asked = {
			chatId,
			limit: AT_A_TIME,
			before: this.#before
		};
		const page = await this.#client.sendMessage("chat:get-messages", asked);
		if (chatId !== this.#chatId) return;
		const height = this.#scroll.scrollHeight;
		this.#list.prepend(...page.messages.map((message) => this.#item(message)));
		this.#more(page.nextBefore);
		this.#scroll.scrollTop += this.#scroll.scrollHeight - height;
	}
	#more(before) {
		this.#before = before;
		byId("earlier").hidden = before === null;
	}
	#hint() {
		byId("hint").hidden = this.#shown.size > 0;
	}
	#item(message) {
		const at = new Date(message.timestamp);
		const when = make("time", {
			dateTime: message.timestamp,
			title: at.toLocaleString()
		}, at.toLocaleTimeString());
		const item = make("li", { tabIndex: -1 }, make("p", { className: "who" }, `${NAMES[message.role]}, `, when), make("div", { className: "text" }, textOf(message)));
		item.dataset.role = message.role;
		if (message.role === "assistant") item.append(this.#like(message));
		this.#shown.set(message.id, item);
		return item;
	}
	#like({ id, isLiked }) {
		const like = button(isLiked ? "♥ Liked" : "♡ Like", () => attempt(async () => {
			this.show(await this.#client.sendMessage("chat:update-message", {
				id,
				isLiked: !isLiked
			}));
			this.#shown.get(id)?.querySelector("button")?.focus({ preventScroll: true });
		}));
		like.ariaPressed = String(isLiked);
		like.ariaLabel = "Like this answer";
		return like;
	}
};
/** What is to be read of a message. */
function textOf(message) {
	return message.content.map((block) => "value" in block && typeof block.value === "string" ? block.value : `[${block.type}]`).join("\n");
}
// ../../examples/chat/src/conversation.ts
var LONGEST_TITLE = 40;
/** Messages that the model is told. */
var REMEMBERED = 50;
/** One chat: what is said in it, and an answer as it grows. */
var Conversation = class {
	#client;
	#preferences;
	#create;
	#messages;
	#text = byId("text");
	#chat = null;
	#giving = null;
	constructor(client, preferences, create) {
		this.#client = client;
		this.#preferences = preferences;
		this.#create = create;
		this.#messages = new Messages(client);
		const form = byId("say");
		form.onsubmit = (event) => {
			event.preventDefault();
			attempt(() => this.#submitted());
		};
		this.#text.onkeydown = (event) => {
			if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
				event.preventDefault();
				form.requestSubmit();
			}
		};
		byId("stop").onclick = () => {
			this.#text.focus();
			this.#giving?.abort();
		};
		byId("unanswered").querySelector("button").onclick = () => {
			const chat = this.#chat;
			if (chat === null) return;
			this.#text.focus();
			attempt(() => this.#answer(chat.id));
		};
		client.onMessage("chat:updated", (changed) => {
			if (changed.id === this.#chat?.id) this.#take(changed);
		});
		client.onMessage("chat:message-added", (message) => {
			if (message.chatId !== this.#chat?.id) return;
			this.#messages.show(message);
			this.#unanswered(null);
		});
		client.onMessage("chat:message-updated", (message) => {
			if (message.chatId === this.#chat?.id) this.#messages.show(message);
		});
	}
	/** Show `chat` (with that message of it), or nothing. */
	async open(chat, messageId) {
		this.#take(chat);
		this.#unanswered(null);
		if (chat === null) return this.#messages.clear();
		await this.#messages.open(chat.id, messageId);
		const isWaiting = this.#messages.last === "user" && this.#giving === null;
		if (this.#chat?.id === chat.id && isWaiting) this.#unanswered("This has no answer yet.");
	}
	#take(chat) {
		this.#chat = chat;
		byId("title").textContent = chat?.title ?? "New chat";
	}
	#unanswered(why) {
		const notice = byId("unanswered");
		notice.hidden = why === null;
		notice.querySelector("span").textContent = why ?? "";
		if (why !== null) notice.scrollIntoView({ block: "nearest" });
	}
	async #submitted() {
		const said = this.#text.value.trim();
		if (!said) return;
		if (this.#giving !== null) return complain("An answer is on its way: wait for it, or stop it.");
		this.#text.value = "";
		let chat;
		try {
			chat = await this.#say(said);
		} catch (problem) {
			if (this.#text.value === "") this.#text.value = said;
			throw new Error(`It was not sent. ${wordsOf(problem)}`);
		}
		await this.#answer(chat.id);
	}
	async #say(said) {
		const chat = this.#chat ?? await this.#create();
		const chatId = chat.id;
		const message = {
			chatId,
			role: "user",
			content: said
		};
		this.#messages.show(await this.#client.sendMessage("chat:add-message", message));
		if (chat.messageCount === 0 && this.#preferences.current.autoGenerateTitle) {
			const title = said.length > LONGEST_TITLE ? `${said.slice(0, LONGEST_TITLE)}…` : said;
			await this.#client.sendMessage("chat:update", {
				id: chatId,
				title
			});
		}
		return chat;
	}
	async #answer(chatId) {
		this.#unanswered(null);
		const giving = this.#giving = new AbortController();
		byId("stop").hidden = false;
		announce("The assistant is answering.");
		const growing = this.#messages.growing();
		let text = "";
		try {
			const { content, model, usage } = await this.#ask(chatId, giving.signal, (piece) => {
				text += piece;
				if (this.#preferences.current.streamResponses) growing.add(piece);
			});
			await this.#keep(chatId, {
				content,
				model,
				tokenCount: usage.outputTokens
			});
		} catch (problem) {
			const isStopped = giving.signal.aborted;
			const why = isStopped ? "The answer was stopped." : `There is no answer. ${wordsOf(problem)}`;
			if (isStopped && text) await this.#keep(chatId, { content: `${text} …` });
			else if (this.#chat?.id === chatId) this.#unanswered(why);
		} finally {
			growing.remove();
			this.#giving = null;
			byId("stop").hidden = true;
		}
	}
	async #ask(chatId, signal, told) {
		const { temperature } = this.#preferences.current;
		const chat = await this.#client.sendMessage("chat:get", { id: chatId });
		const messages = (await this.#client.sendMessage("chat:get-messages", {
			chatId,
			limit: REMEMBERED
		})).messages.map((one) => ({
			role: one.role,
			content: textOf(one)
		}));
		const { provider, model } = this.#preferences.modelFor(chat);
		const request = {
			provider,
			model,
			messages,
			temperature,
			systemPrompt: chat?.systemPrompt
		};
		return chatStream(this.#client, request, (piece) => piece.type === "text" && told(piece.text ?? ""), { signal });
	}
	async #keep(chatId, answer) {
		const added = await this.#client.sendMessage("chat:add-message", {
			chatId,
			role: "assistant",
			...answer
		});
		announce(`The assistant: ${answer.content}`);
		if (this.#chat?.id === chatId) this.#messages.show(added);
	}
};
// ../../examples/chat/src/images.ts
var MOST_SHOWN = 30;
var WORDS = {
	queued: "Waiting",
	running: "Drawing",
	paused: "Paused",
	failed: "Failed",
	completed: "Done",
	cancelled: "Cancelled"
};
/** The queue of pictures to make, and those that are there. */
var Images = class {
	#client;
	#jobs = /* @__PURE__ */ new Map();
	#entries = /* @__PURE__ */ new Map();
	#shown = /* @__PURE__ */ new Map();
	constructor(client) {
		this.#client = client;
		const form = byId("draw");
		form.onsubmit = (event) => {
			event.preventDefault();
			const prompt = form.elements.namedItem("prompt");
			const count = form.elements.namedItem("count");
			attempt(async () => {
				await this.#draw(prompt.value, count.valueAsNumber || 1);
				prompt.value = "";
			});
		};
		client.onMessage("imagegen:job-created", ({ job }) => this.#keep(job));
		client.onMessage("imagegen:job-updated", ({ job }) => this.#keep(job));
		client.onMessage("imagegen:job-completed", ({ job }) => {
			this.#keep(job);
			announce(`Pictures: ${WORDS[job.state]}.`);
		});
		client.onMessage("imagegen:batch-started", ({ jobId }) => {
			const job = this.#jobs.get(jobId);
			if (job !== void 0) this.#keep({
				...job,
				state: "running"
			});
		});
		client.onMessage("imagegen:batch-completed", ({ jobId, images }) => {
			for (const image of images) attempt(() => this.#show(image, true));
			const job = this.#jobs.get(jobId);
			if (job === void 0) return;
			const totalImages = job.stats.totalImages + images.length;
			this.#keep({
				...job,
				stats: {
					...job.stats,
					totalImages
				}
			});
		});
	}
	/** Read queue and pictures anew; a server that makes none has no pane for them. */
	async load() {
		try {
			const jobs = await this.#client.sendMessage("imagegen:list-jobs", { states: [
				"queued",
				"running",
				"paused"
			] });
			this.#jobs.clear();
			jobs.forEach((job) => this.#keep(job));
			const wanted = {
				sortBy: "newest",
				limit: MOST_SHOWN
			};
			const page = await this.#client.sendMessage("imagegen:list-images", wanted);
			for (const image of page.images) await this.#show(image, false);
		} catch (problem) {
			if (!(problem instanceof ChannelError) || problem.code !== "UNKNOWN_CHANNEL") throw problem;
			document.querySelector("[data-pane=images]").hidden = true;
		}
	}
	async #draw(prompt, batchCount) {
		const [group] = await this.#client.sendMessage("imagegen:list-groups");
		if (group === void 0) throw new Error("The server has no queue for pictures");
		await this.#client.sendMessage("imagegen:create-entry", {
			groupId: group.id,
			prompt,
			batchCount
		});
	}
	#keep(job) {
		if (job.state === "completed" || job.state === "cancelled") this.#jobs.delete(job.id);
		else this.#jobs.set(job.id, job);
		fill(byId("jobs"), [...this.#jobs.values()].map((one) => this.#entry(one)));
	}
	#entry(job) {
		let entry = this.#entries.get(job.id);
		if (entry === void 0) {
			const { id: jobId } = job;
			const act = (channel) => () => attempt(() => this.#client.sendMessage(channel, { jobId }));
			const buttons = [button("Cancel", act("imagegen:cancel")), button("Try again", act("imagegen:retry"))];
			entry = make("li", {}, make("span"), ...buttons);
			this.#entries.set(jobId, entry);
		}
		const { totalImages, expectedImages } = job.stats;
		const why = job.lastError === null ? "" : ` ${job.lastError}`;
		entry.querySelector("span").textContent = `${WORDS[job.state]}: ${totalImages} of ${expectedImages} pictures.${why}`;
		const [cancel, again] = entry.querySelectorAll("button");
		cancel.hidden = job.state === "failed";
		again.hidden = !cancel.hidden;
		return entry;
	}
	/** Pictures come through the same connection, one at a time. */
	async #show(image, first) {
		if (this.#shown.has(image.id)) return;
		const item = make("li", {}, make("p", {
			className: "quiet",
			title: image.prompt
		}, image.prompt));
		this.#shown.set(image.id, item);
		byId("no-images").hidden = true;
		if (first) byId("gallery").prepend(item);
		else byId("gallery").append(item);
		const { contentType, data } = await this.#client.sendMessage("imagegen:get-image", { id: image.id });
		const { width, height } = image;
		item.prepend(make("img", {
			src: `data:${contentType};base64,${data}`,
			alt: image.prompt,
			width,
			height
		}));
	}
};
// ../../examples/chat/src/preferences.ts
var PROVIDERS = [
	"echo",
	"openai",
	"anthropic",
	"google"
];
/** The server's default, which is shown as large as the browser shows text. */
var PLAIN_SIZE = 14;
/** What the person chose; the server keeps it. */
var Preferences = class {
	#client;
	#form = byId("preferences");
	current = {
		provider: "echo",
		model: "echo-1",
		temperature: .7,
		streamResponses: true,
		autoGenerateTitle: true
	};
	constructor(client) {
		this.#client = client;
		this.#form.onsubmit = (event) => event.preventDefault();
		this.#form.onchange = (event) => attempt(() => this.#changed(event.target));
		client.onMessage("settings:changed", () => attempt(() => this.load()));
	}
	/** Read them anew. */
	async load() {
		const { theme, fontSize, chat } = await this.#client.sendMessage("settings:get-all");
		this.current = {
			...modelOf(chat.defaultModel) ?? {
				provider: "echo",
				model: "echo-1"
			},
			temperature: chat.temperature,
			streamResponses: chat.streamResponses,
			autoGenerateTitle: chat.autoGenerateTitle
		};
		document.documentElement.dataset.theme = theme;
		document.documentElement.style.fontSize = `${100 * fontSize / PLAIN_SIZE}%`;
		this.#field("theme").value = theme;
		this.#choose("fontSize", String(fontSize), `${fontSize} pixels`);
		this.#field("temperature").value = String(this.current.temperature);
		this.#field("streamResponses").checked = this.current.streamResponses;
		await this.#showProviders();
		this.#choose("provider", this.current.provider);
		await this.#showModels(this.current.provider);
		this.#choose("model", this.current.model);
	}
	/** Who answers in a chat: it may have a model of its own. */
	modelFor(chat) {
		return modelOf(chat?.defaultModel) ?? this.current;
	}
	async #changed(field) {
		if (!field.reportValidity()) return;
		if (field.name === "provider") {
			await this.#showModels(field.value);
			await this.#set("chat.defaultModel", `${field.value}/${this.#field("model").value}`);
		} else if (field.name === "model") await this.#set("chat.defaultModel", `${this.#field("provider").value}/${field.value}`);
		else if (field.name === "theme") await this.#set("theme", field.value);
		else if (field.name === "fontSize") await this.#set("fontSize", Number(field.value));
		else if (field.name === "temperature") await this.#set("chat.temperature", Number(field.value));
		else await this.#set(`chat.${field.name}`, field.checked);
	}
	async #set(key, value) {
		await this.#client.sendMessage("settings:set", {
			key,
			value
		});
		await this.load();
	}
	/** Those that cannot be asked are shown as such. */
	async #showProviders() {
		const may = await Promise.all(PROVIDERS.map((provider) => this.#client.sendMessage("ai:has-credentials", { provider })));
		const options = PROVIDERS.map((value, place) => make("option", {
			value,
			disabled: !may[place]
		}, may[place] ? value : `${value} (has no key)`));
		this.#field("provider").replaceChildren(...options);
	}
	async #showModels(provider) {
		let options = [];
		try {
			options = (await this.#client.sendMessage("ai:models", { provider })).map((one) => make("option", { value: one.id }, one.name));
		} catch (problem) {
			complain(problem);
		}
		this.#field("model").replaceChildren(...options);
	}
	/** Show a choice, even one that is not among those of the page. */
	#choose(name, value, text = value) {
		const field = this.#field(name);
		if (![...field.options].some((one) => one.value === value)) field.append(make("option", { value }, text));
		field.value = value;
	}
	#field(name) {
		return this.#form.elements.namedItem(name);
	}
};
/** What is meant by `provider/model`, if anything. */
function modelOf(chosen) {
	const cut = chosen?.indexOf("/") ?? -1;
	return cut > 0 ? {
		provider: chosen.slice(0, cut),
		model: chosen.slice(cut + 1)
	} : null;
}
// ../../examples/chat/src/where.ts
var LOOPBACK = /* @__PURE__ */ new Set([
	"localhost",
	"127.0.0.1",
	"[::1]"
]);
/** Where this page connects: on the server's own machine to the open port, else with a token. */
async function whereTo(location) {
	const answer = await fetch("/examples/chat/where", { cache: "no-store" });
	if (!answer.ok) throw new Error(`The server does not say where its channels are: ${answer.status}`);
	const { openPort, here } = await answer.json();
	if (openPort !== null && LOOPBACK.has(location.hostname)) return {
		url: `ws://${location.hostname}:${openPort}/`,
		needsToken: false
	};
	if (!here) throw new Error("This server has no channels for other machines: see [channels] main_port");
	return {
		url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/channels`,
		needsToken: true
	};
}
// ../../examples/chat/src/main.ts
var TOKEN = "mentra-token";
/** Say how it stands, once: whoever has it read out need not hear of each try. */
function showState(state, words) {
	const status = byId("connection");
	status.dataset.state = state;
	if (status.textContent !== words) status.textContent = words;
}
/** Show what there is, or what it takes to come in. */
function showInside(inside) {
	for (const part of document.querySelectorAll("main, nav")) part.hidden = !inside;
	byId("entrance").hidden = inside;
}
/** Have `work` done; that the connection is gone is said where the others are told. */
async function unlessGone(work) {
	try {
		await work();
	} catch (problem) {
		if (!(problem instanceof ChannelError) || problem.code !== "CONNECTION_CLOSED") complain(problem);
	}
}
function show(client) {
	const preferences = new Preferences(client);
	const chats = new Chats(client, (chat, messageId) => attempt(() => conversation.open(chat, messageId)));
	const conversation = new Conversation(client, preferences, () => chats.create());
	const images = new Images(client);
	let wasThere = false;
	client.onMessage("connection:state", ({ state }) => {
		if (state !== "open") return showState(state, wasThere ? "Not connected, trying again …" : "Connecting …");
		showState(state, "Connected");
		wasThere = true;
		byId("problem").hidden = true;
		unlessGone(async () => {
			await preferences.load();
			showInside(true);
			await Promise.all([chats.load(), images.load()]);
		});
	});
	client.onMessage("connection:failed", () => {
		showState("closed", "Not connected");
		complain("The server does not answer.", () => client.start());
	});
}
function watchPanes() {
	const buttons = [...document.querySelectorAll("button[data-pane]")];
	for (const button of buttons) button.onclick = () => {
		document.querySelector("main").dataset.pane = button.dataset.pane;
		for (const other of buttons) {
			other.ariaPressed = String(other === button);
			byId(other.dataset.pane).hidden = other !== button;
		}
	};
}
/** The token that was kept, or the one that is typed in now. */
function askForToken() {
	const kept = sessionStorage.getItem(TOKEN);
	if (kept !== null) return Promise.resolve(kept);
	const form = byId("entrance");
	const field = form.elements.namedItem("token");
	showState("closed", "Not connected");
	form.reset();
	showInside(false);
	field.focus();
	return new Promise((resolve) => {
		form.onsubmit = (event) => {
			event.preventDefault();
			resolve(field.value.trim());
		};
	});
}
async function enter() {
	const { url, needsToken } = await whereTo(location);
	if (!needsToken) {
		const client = new ChannelClient({ url });
		show(client);
		client.start();
		return;
	}
	const token = await askForToken();
	const client = new ChannelClient({
		url,
		token
	});
	client.onMessage("connection:refused", () => {
		sessionStorage.removeItem(TOKEN);
		complain("The server does not know this token.");
		attempt(enter);
	});
	sessionStorage.setItem(TOKEN, token);
	show(client);
	client.start();
}
watchPanes();
attempt(enter);
