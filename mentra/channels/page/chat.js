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
		const socket = new Socket(this.#url());
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
/** Say what went wrong, until something else does or it is clicked away. */
function complain(problem) {
	const bar = byId("problem");
	bar.textContent = problem instanceof Error ? problem.message : String(problem);
	bar.hidden = false;
	bar.onclick = () => bar.hidden = true;
}
/** Have `work` done, and what goes wrong with it said. */
function attempt(work) {
	work().catch(complain);
}
// ../../examples/chat/src/chats.ts
/** The list of chats, and what a search finds in them. */
var Chats = class {
	#client;
	#choose;
	#chats = [];
	#current = null;
	constructor(client, choose) {
		this.#client = client;
		this.#choose = choose;
		byId("new-chat").onclick = () => attempt(() => this.create());
		const search = byId("search");
		search.oninput = () => attempt(() => this.#search(search.value));
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
	#select(chat) {
		this.#current = chat?.id ?? null;
		this.#show();
		this.#choose(chat);
	}
	#keep(chat) {
		this.#chats = [chat, ...this.#chats.filter((other) => other.id !== chat.id)];
		this.#chats.sort((one, other) => other.updatedAt.localeCompare(one.updatedAt));
		this.#show();
	}
	#forget(id) {
		this.#chats = this.#chats.filter((chat) => chat.id !== id);
		if (this.#current === id) this.#select(this.#chats[0] ?? null);
		else this.#show();
	}
	#show() {
		byId("chats").replaceChildren(...this.#chats.map((chat) => this.#entry(chat)));
	}
	#entry(chat) {
		const open = make("button", {
			type: "button",
			title: chat.title
		}, chat.title);
		open.onclick = () => this.#select(chat);
		const remove = make("button", {
			type: "button",
			title: `Delete ${chat.title}`
		}, "×");
		remove.onclick = () => attempt(() => this.#client.sendMessage("chat:delete", { id: chat.id }));
		const entry = make("li", {}, open, remove);
		if (chat.id === this.#current) entry.setAttribute("aria-current", "true");
		return entry;
	}
	async #search(query) {
		const found = query.trim() ? await this.#client.sendMessage("chat:search", { query }) : [];
		if (byId("search").value !== query) return;
		const list = byId("found");
		list.replaceChildren(...found.map((one) => this.#finding(one)));
		list.hidden = query.trim() === "";
		byId("chats").hidden = !list.hidden;
	}
	#finding(found) {
		const open = make("button", { type: "button" }, found.chatTitle, make("small", {}, found.snippet));
		open.onclick = () => {
			const chat = this.#chats.find((one) => one.id === found.chatId);
			if (chat !== void 0) this.#select(chat);
		};
		return make("li", {}, open);
	}
};
// ../../examples/chat/src/conversation.ts
var LONGEST_TITLE = 40;
/** One chat: its messages, and an answer as it grows. */
var Conversation = class {
	#client;
	#preferences;
	#list = byId("messages");
	#shown = /* @__PURE__ */ new Map();
	#chat = null;
	#giving = null;
	constructor(client, preferences, create) {
		this.#client = client;
		this.#preferences = preferences;
		const form = byId("say");
		const text = form.elements.namedItem("text");
		form.onsubmit = (event) => {
			event.preventDefault();
			const said = text.value.trim();
			if (!said || this.#giving !== null) return;
			text.value = "";
			attempt(async () => this.#say(this.#chat ?? await create(), said));
		};
		text.onkeydown = (event) => {
			if (event.key === "Enter" && !event.shiftKey) {
				event.preventDefault();
				form.requestSubmit();
			}
		};
		byId("stop").onclick = () => this.#giving?.abort(/* @__PURE__ */ new Error("The answer was stopped"));
		client.onMessage("chat:updated", (changed) => {
			if (changed.id !== this.#chat?.id) return;
			this.#chat = changed;
			byId("title").textContent = changed.title;
		});
		client.onMessage("chat:message-added", (message) => {
			if (message.chatId === this.#chat?.id) this.#show(message);
		});
	}
	/** Show `chat`, or nothing. */
	async open(chat) {
		const again = chat !== null && chat.id === this.#chat?.id;
		this.#chat = chat;
		byId("title").textContent = chat?.title ?? "";
		if (!again) this.#clear();
		if (chat === null) return;
		const page = await this.#client.sendMessage("chat:get-messages", {
			chatId: chat.id,
			limit: 200
		});
		if (this.#chat?.id !== chat.id) return;
		this.#clear();
		page.messages.forEach((message) => this.#show(message));
	}
	async #say(chat, said) {
		const chatId = chat.id;
		await this.#client.sendMessage("chat:add-message", {
			chatId,
			role: "user",
			content: said
		});
		if (chat.messageCount === 0) {
			const title = said.length > LONGEST_TITLE ? `${said.slice(0, LONGEST_TITLE)}…` : said;
			await this.#client.sendMessage("chat:update", {
				id: chatId,
				title
			});
		}
		const page = await this.#client.sendMessage("chat:get-messages", {
			chatId,
			limit: 50
		});
		await this.#answer(chat, page.messages.map(turnOf));
	}
	async #answer(chat, messages) {
		const { provider, model, temperature, streamResponses } = this.#preferences.current;
		const growing = make("li");
		growing.dataset.role = "assistant";
		growing.dataset.pending = "";
		this.#list.append(growing);
		const giving = this.#giving = new AbortController();
		byId("stop").hidden = false;
		try {
			const answer = await chatStream(this.#client, {
				provider,
				model,
				messages,
				temperature
			}, (piece) => {
				if (!streamResponses || piece.type !== "text") return;
				growing.append(piece.text ?? "");
				growing.scrollIntoView({ block: "nearest" });
			}, { signal: giving.signal });
			const message = await this.#client.sendMessage("chat:add-message", {
				chatId: chat.id,
				role: "assistant",
				content: answer.content,
				model: answer.model,
				tokenCount: answer.usage.outputTokens
			});
			if (this.#chat?.id === chat.id) this.#show(message);
		} finally {
			growing.remove();
			this.#giving = null;
			byId("stop").hidden = true;
		}
	}
	#show(message) {
		const there = this.#shown.get(message.id);
		const item = there ?? make("li");
		item.dataset.role = message.role;
		item.textContent = textOf(message);
		if (there === void 0) {
			this.#shown.set(message.id, item);
			this.#list.append(item);
			item.scrollIntoView({ block: "nearest" });
		}
	}
	#clear() {
		this.#shown.clear();
		this.#list.replaceChildren();
	}
};
function textOf(message) {
	return message.content.map((block) => "value" in block && typeof block.value === "string" ? block.value : `[${block.type}]`).join("\n");
}
function turnOf(message) {
	return {
		role: message.role,
		content: textOf(message)
	};
}
// ../../examples/chat/src/images.ts
var MOST_SHOWN = 30;
/** The queue of pictures to make, and those that are there. */
var Images = class {
	#client;
	#jobs = /* @__PURE__ */ new Map();
	#shown = /* @__PURE__ */ new Map();
	constructor(client) {
		this.#client = client;
		const form = byId("draw");
		form.onsubmit = (event) => {
			event.preventDefault();
			const prompt = form.elements.namedItem("prompt");
			const count = form.elements.namedItem("count");
			const wanted = prompt.value;
			prompt.value = "";
			attempt(() => this.#draw(wanted, count.valueAsNumber || 1));
		};
		client.onMessage("imagegen:job-created", ({ job }) => this.#keep(job));
		client.onMessage("imagegen:job-updated", ({ job }) => this.#keep(job));
		client.onMessage("imagegen:job-completed", ({ job }) => this.#keep(job));
		client.onMessage("imagegen:batch-completed", ({ images }) => {
			for (const image of images) attempt(() => this.#show(image, true));
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
		byId("jobs").replaceChildren(...[...this.#jobs.values()].map((one) => this.#entry(one)));
	}
	#entry(job) {
		const { successfulBatches, expectedBatches } = job.stats;
		const said = `${job.state}: ${successfulBatches} of ${expectedBatches} ${job.lastError ?? ""}`;
		const cancel = make("button", { type: "button" }, "Cancel");
		cancel.onclick = () => attempt(() => this.#client.sendMessage("imagegen:cancel", { jobId: job.id }));
		return make("li", {}, said, job.state === "failed" ? "" : cancel);
	}
	/** Pictures come through the same connection, one at a time. */
	async #show(image, first) {
		if (this.#shown.has(image.id)) return;
		const item = make("li", { title: image.prompt });
		this.#shown.set(image.id, item);
		if (first) byId("gallery").prepend(item);
		else byId("gallery").append(item);
		const { contentType, data } = await this.#client.sendMessage("imagegen:get-image", { id: image.id });
		item.append(make("img", {
			src: `data:${contentType};base64,${data}`,
			alt: image.prompt
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
/** What the person chose; the server keeps it. */
var Preferences = class {
	#client;
	#form = byId("preferences");
	current = {
		provider: "echo",
		model: "echo-1",
		temperature: .7,
		streamResponses: true
	};
	constructor(client) {
		this.#client = client;
		this.#field("provider").append(...PROVIDERS.map((name) => make("option", { value: name }, name)));
		this.#form.onsubmit = (event) => event.preventDefault();
		this.#form.onchange = (event) => attempt(() => this.#changed(event.target));
		client.onMessage("settings:changed", () => attempt(() => this.load()));
	}
	/** Read them anew. */
	async load() {
		const settings = await this.#client.sendMessage("settings:get-all");
		const chosen = String(settings.chat.defaultModel ?? "");
		const cut = chosen.indexOf("/");
		this.current = {
			provider: cut > 0 ? chosen.slice(0, cut) : "echo",
			model: cut > 0 ? chosen.slice(cut + 1) : "echo-1",
			temperature: settings.chat.temperature,
			streamResponses: settings.chat.streamResponses
		};
		document.documentElement.dataset.theme = settings.theme;
		this.#field("theme").value = settings.theme;
		this.#field("provider").value = this.current.provider;
		this.#field("temperature").value = String(this.current.temperature);
		this.#field("streamResponses").checked = this.current.streamResponses;
		await this.#showModels(this.current.provider);
		this.#field("model").value = this.current.model;
	}
	async #changed(field) {
		if (field.name === "provider") {
			await this.#showModels(field.value);
			await this.#set("chat.defaultModel", `${field.value}/${this.#field("model").value}`);
		} else if (field.name === "model") await this.#set("chat.defaultModel", `${this.#field("provider").value}/${field.value}`);
		else if (field.name === "theme") await this.#set("theme", field.value);
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
	async #showModels(provider) {
		const options = (await this.#client.sendMessage("ai:models", { provider })).map((one) => make("option", { value: one.id }, one.name));
		this.#field("model").replaceChildren(...options);
	}
	#field(name) {
		return this.#form.elements.namedItem(name);
	}
};
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
var WORDS = {
	connecting: "connecting",
	open: "connected",
	closing: "closing",
	closed: "not connected"
};
function showState(state) {
	const status = byId("connection");
	status.textContent = WORDS[state];
	status.dataset.state = state;
}
function show(client) {
	const preferences = new Preferences(client);
	const chats = new Chats(client, (chat) => attempt(() => conversation.open(chat)));
	const conversation = new Conversation(client, preferences, () => chats.create());
	const images = new Images(client);
	client.onMessage("connection:state", ({ state }) => {
		showState(state);
		if (state !== "open") return;
		document.querySelector("main").hidden = false;
		byId("entrance").hidden = true;
		byId("problem").hidden = true;
		for (const part of [
			preferences,
			chats,
			images
		]) attempt(() => part.load());
	});
	client.onMessage("connection:failed", () => complain("The server does not answer. Reload to try again."));
}
function watchPanes() {
	const buttons = [...document.querySelectorAll("[data-pane]")];
	for (const button of buttons) button.onclick = () => {
		for (const other of buttons) {
			other.setAttribute("aria-pressed", String(other === button));
			byId(other.dataset.pane).hidden = other !== button;
		}
	};
}
/** The token that was kept, or the one that is typed in now. */
function askForToken() {
	const kept = sessionStorage.getItem(TOKEN);
	if (kept !== null) return Promise.resolve(kept);
	const form = byId("entrance");
	form.hidden = false;
	return new Promise((resolve) => {
		form.onsubmit = (event) => {
			event.preventDefault();
			const { value } = form.elements.namedItem("token");
			resolve(value.trim());
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
