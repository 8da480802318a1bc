import { ChannelError, type ChannelClient, type GeneratedImage, type Job } from "mentra-channels";
import { announce, attempt, button, byId, fill, make } from "./dom.js";

const MOST_SHOWN = 30;
const WORDS: Record<Job["state"], string> = {
  queued: "Waiting",
  running: "Drawing",
  paused: "Paused",
  failed: "Failed",
  completed: "Done",
  cancelled: "Cancelled",
};

/** The queue of pictures to make, and those that are there. */
export class Images {
  readonly #client: ChannelClient;
  readonly #jobs = new Map<string, Job>();
  readonly #entries = new Map<string, HTMLLIElement>();
  readonly #shown = new Map<string, HTMLLIElement>();

  constructor(client: ChannelClient) {
    this.#client = client;
    const form = byId<HTMLFormElement>("draw");
    form.onsubmit = (event) => {
      event.preventDefault();
      const prompt = form.elements.namedItem("prompt") as HTMLInputElement;
      const count = form.elements.namedItem("count") as HTMLInputElement;
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
      if (job !== undefined) this.#keep({ ...job, state: "running" });
    });
    client.onMessage("imagegen:batch-completed", ({ jobId, images }) => {
      for (const image of images) attempt(() => this.#show(image, true));
      const job = this.#jobs.get(jobId);
      if (job === undefined) return;
      const totalImages = job.stats.totalImages + images.length;
      this.#keep({ ...job, stats: { ...job.stats, totalImages } });
    });
  }

  /** Read queue and pictures anew; a server that makes none has no pane for them. */
  async load(): Promise<void> {
    try {
      const jobs = await this.#client.sendMessage("imagegen:list-jobs", {
        states: ["queued", "running", "paused"],
      });
      this.#jobs.clear();
      jobs.forEach((job) => this.#keep(job));
      const wanted = { sortBy: "newest", limit: MOST_SHOWN } as const;
      const page = await this.#client.sendMessage("imagegen:list-images", wanted);
      for (const image of page.images) await this.#show(image, false);
    } catch (problem) {
      if (!(problem instanceof ChannelError) || problem.code !== "UNKNOWN_CHANNEL") throw problem;
      document.querySelector<HTMLElement>("[data-pane=images]")!.hidden = true;
    }
  }

  async #draw(prompt: string, batchCount: number): Promise<void> {
    const [group] = await this.#client.sendMessage("imagegen:list-groups");
    if (group === undefined) throw new Error("The server has no queue for pictures");
    await this.#client.sendMessage("imagegen:create-entry", { groupId: group.id, prompt, batchCount });
  }

  #keep(job: Job): void {
    if (job.state === "completed" || job.state === "cancelled") this.#jobs.delete(job.id);
    else this.#jobs.set(job.id, job);
    fill(byId("jobs"), [...this.#jobs.values()].map((one) => this.#entry(one)));
  }

  #entry(job: Job): HTMLLIElement {
    let entry = this.#entries.get(job.id);
    if (entry === undefined) {
      const { id: jobId } = job;
      const act = (channel: "imagegen:cancel" | "imagegen:retry") => () =>
        attempt(() => this.#client.sendMessage(channel, { jobId }));
      const buttons = [button("Cancel", act("imagegen:cancel")), button("Try again", act("imagegen:retry"))];
      entry = make("li", {}, make("span"), ...buttons);
      this.#entries.set(jobId, entry);
    }
    const { totalImages, expectedImages } = job.stats;
    const why = job.lastError === null ? "" : ` ${job.lastError}`;
    entry.querySelector("span")!.textContent = `${WORDS[job.state]}: ${totalImages} of ${expectedImages} pictures.${why}`;
    const [cancel, again] = entry.querySelectorAll("button");
    cancel!.hidden = job.state === "failed";
    again!.hidden = !cancel!.hidden;
    return entry;
  }

  /** Pictures come through the same connection, one at a time. */
  async #show(image: GeneratedImage, first: boolean): Promise<void> {
    if (this.#shown.has(image.id)) return;
    const caption = make("p", { className: "quiet", title: image.prompt }, image.prompt);
    const item = make("li", {}, caption);
    this.#shown.set(image.id, item);
    byId("no-images").hidden = true;
    if (first) byId("gallery").prepend(item);
    else byId("gallery").append(item);
    const { contentType, data } = await this.#client.sendMessage("imagegen:get-image", { id: image.id });
    const { width, height } = image;
    item.prepend(make("img", { src: `data:${contentType};base64,${data}`, alt: image.prompt, width, height }));
  }
}
