import { ChannelError, type ChannelClient, type GeneratedImage, type Job } from "mentra-channels";
import { attempt, byId, make } from "./dom.js";

const MOST_SHOWN = 30;

/** The queue of pictures to make, and those that are there. */
export class Images {
  readonly #client: ChannelClient;
  readonly #jobs = new Map<string, Job>();
  readonly #shown = new Map<string, HTMLLIElement>();

  constructor(client: ChannelClient) {
    this.#client = client;
    const form = byId<HTMLFormElement>("draw");
    form.onsubmit = (event) => {
      event.preventDefault();
      const prompt = form.elements.namedItem("prompt") as HTMLInputElement;
      const count = form.elements.namedItem("count") as HTMLInputElement;
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
    byId("jobs").replaceChildren(...[...this.#jobs.values()].map((one) => this.#entry(one)));
  }

  #entry(job: Job): HTMLLIElement {
    const { successfulBatches, expectedBatches } = job.stats;
    const said = `${job.state}: ${successfulBatches} of ${expectedBatches} ${job.lastError ?? ""}`;
    const cancel = make("button", { type: "button" }, "Cancel");
    cancel.onclick = () =>
      attempt(() => this.#client.sendMessage("imagegen:cancel", { jobId: job.id }));
    return make("li", {}, said, job.state === "failed" ? "" : cancel);
  }

  /** Pictures come through the same connection, one at a time. */
  async #show(image: GeneratedImage, first: boolean): Promise<void> {
    if (this.#shown.has(image.id)) return;
    const item = make("li", { title: image.prompt });
    this.#shown.set(image.id, item);
    if (first) byId("gallery").prepend(item);
    else byId("gallery").append(item);
    const { contentType, data } = await this.#client.sendMessage("imagegen:get-image", { id: image.id });
    item.append(make("img", { src: `data:${contentType};base64,${data}`, alt: image.prompt }));
  }
}
