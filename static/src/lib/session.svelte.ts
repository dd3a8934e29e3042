/**
 * The page's one reactive store: what the server said last, the experiment as drawn (the draft), and
 * the actions of the page.
 *
 * An edit shows at once as the draft while the server checks it. When it is refused, `problem` says why
 * and the last good network goes on running; the draft stays until it is put right or undone.
 */

import { Arrivals } from './arrivals';
import { copy, isSame } from './catalog';
import { Curves } from './curves';
import type { Experiment } from './experiment';
import { EVENTS, RELOAD, UNREADABLE } from './events';
import type { Frame } from './frame';
import { hub } from './hub';
import { liveOf, NOTHING_LIVE, type Live } from './live';
import { notices } from './notices.svelte';
import type { Opening } from './opening';
import type {
  Hello,
  Inspect,
  Inspected,
  Layout,
  LimitsInForce,
  Problem,
  Reply,
  Reseed,
  ServerMessage,
  Status,
  Step,
  Words,
} from './protocol';
import { layerOfProblem } from './problem';
import type { Catalog } from './rest';
import { recallSession, rememberSession } from './resume';
import type { Selection } from './selection';
import { CONNECTION_LOST, Refusal, Stream, type Connection, type Order, type Socket } from './stream';
import { UndoStack } from './undo.svelte';

export class Session {
  /** The experiment as drawn; it may not be the one that runs (see `problem`). */
  experiment = $state.raw<Experiment | null>(null);
  /** The experiment that the server runs. */
  running = $state.raw<Experiment | null>(null);
  layout = $state.raw<Layout | null>(null);
  status = $state.raw<Status | null>(null);
  inspected = $state.raw<Inspected | null>(null);
  /** Raw numbers of the sample that this page has made by hand last. */
  drawn = $state.raw<readonly number[] | null>(null);
  limits = $state.raw<LimitsInForce | null>(null);
  /** Why the draft was refused. */
  problem = $state.raw<Problem | null>(null);
  connection = $state.raw<Connection>({ name: 'connecting' });
  catalog = $state.raw<Catalog | null>(null);
  selection = $state.raw<Selection | null>(null);
  id = $state<string | null>(null);
  hasToken = $state(false);
  /** Steps a second asked for; `null` is as fast as possible. */
  pace = $state<number | null>(null);
  live = $state.raw<Live>(NOTHING_LIVE);
  /** Changes whenever the session's samples do: other source, seed, split or preprocessing. */
  dataVersion = $state(0);
  readonly curves = new Curves();

  #undo = new UndoStack<Experiment>();
  #stream: Stream | null = null;
  #opening: Opening | null = null;
  /** The session that the last `hello` asked for. */
  #asked: string | null = null;
  /** The run whose curves we have. */
  #run: number | null = null;
  #sending = false;
  #unsent = false;
  /** True when the server has said what runs since a draft was last sent. */
  #told = false;
  #dataSignature = '';
  #arrivals = new Arrivals((layout) => {
    this.layout = layout;
    hub.setLayout(layout);
  });
  readonly #listeners = new Set<(message: ServerMessage) => void>();

  /** The layer of the draft that `problem` is about. */
  problemLayer = $derived(layerOfProblem(this.problem, this.experiment));
  isOpen = $derived(this.connection.name === 'open');
  canEdit = $derived(this.isOpen && this.hasToken);
  isRunning = $derived(this.status?.status === 'running');

  get canUndo(): boolean {
    return this.#undo.canUndo;
  }

  get canRedo(): boolean {
    return this.#undo.canRedo;
  }

  get undoLabel(): Words | null {
    return this.#undo.undoLabel;
  }

  get redoLabel(): Words | null {
    return this.#undo.redoLabel;
  }

  /** Connect, and open or resume a session. Call once. */
  start(opening: Opening, url: string, openSocket?: (url: string) => Socket): void {
    this.#opening = opening;
    this.pace = opening.pace;
    this.#stream = new Stream({
      url,
      hello: () => this.#hello(),
      onState: (connection) => this.#connectionChanged(connection),
      onMessage: (message) => this.#receive(message),
      onFrame: (buffer) => this.#arrivals.frameCame(buffer),
      ...(openSocket === undefined ? {} : { openSocket }),
    });
    hub.attach(
      (message) => this.#stream?.tell(message),
      () => notices.show(UNREADABLE, RELOAD, 'problem'),
    );
    hub.addLabel((frame) => this.#label(frame));
    this.#stream.connect();
  }

  /** Try to connect now instead of waiting. */
  reconnect(): void {
    this.#stream?.connect();
  }

  stop(): void {
    this.#stream?.close();
  }

  /** The address of the page is another now; a reload of it resumes this session. */
  moved(address: string): void {
    if (this.#opening === null) return;
    const remembered = recallSession(this.#opening.address);
    this.#opening = { ...this.#opening, address };
    if (remembered !== null) rememberSession(remembered.session, remembered.token, address);
  }

  /**
   * Change the experiment. `change` alters a copy; `label` is what undo calls it.
   *
   * @param gesture edits with the same gesture in quick succession (a slider) are undone together.
   */
  edit(change: (draft: Experiment) => void, label: Words, gesture: string | null = null): void {
    if (this.experiment === null || !this.hasToken) return;
    const draft = copy(this.experiment);
    change(draft);
    this.#undo.push(this.experiment, label, gesture);
    this.#submit(draft);
  }

  undo(): void {
    const document = this.experiment && this.#undo.undo(this.experiment);
    if (document) this.#submit(document);
  }

  redo(): void {
    const document = this.experiment && this.#undo.redo(this.experiment);
    if (document) this.#submit(document);
  }

  /** Put another experiment in place of this one and train it from the start. */
  async open(experiment: Experiment, label: Words, pace: number | null): Promise<void> {
    if (this.experiment !== null) this.#undo.push(this.experiment, label);
    this.selection = null;
    this.experiment = experiment;
    await this.#send();
    if (this.problem !== null) return;
    await this.reset();
    this.pace = pace;
    await this.play();
  }

  play(): Promise<Problem | null> {
    return this.order({ type: 'play', steps_per_second: this.pace });
  }

  pause(): Promise<Problem | null> {
    return this.order({ type: 'pause' });
  }

  /** Go on by `count` strides, or undo as many. */
  step(level: NonNullable<Step['level']>, count = 1, back = false): Promise<Problem | null> {
    return this.order({ type: 'step', level, count, back });
  }

  reset(): Promise<Problem | null> {
    return this.order({ type: 'reset' });
  }

  /** New seeds, and back to step 0; undo brings the old seeds back. */
  async reseed(seeds: Reseed['seeds'], label: Words): Promise<Problem | null> {
    const before = this.experiment;
    const problem = await this.order({ type: 'reseed', seeds });
    if (problem === null && before !== null) this.#undo.push(before, label);
    return problem;
  }

  /** Set the pace, at once if training runs; `null` is as fast as possible. */
  speed(stepsPerSecond: number | null): void {
    this.pace = stepsPerSecond;
    if (this.isRunning) void this.play();
  }

  inspect(what: Omit<Inspect, 'type' | 'request'>): Promise<Problem | null> {
    this.drawn = what.values ?? this.drawn;
    return this.order({ type: 'inspect', ...what });
  }

  /** Set one weight or bias: `parameter` is `<layer>.weights` or `<layer>.bias`. */
  setParameter(parameter: string, index: number[], value: number): Promise<Problem | null> {
    return this.order({ type: 'set_parameter', parameter, index, value });
  }

  /** After divergence: back to the last healthy step, paused. */
  goBack(): Promise<Problem | null> {
    return this.order({ type: 'go_back' });
  }

  /** Have the server do something; what it refuses is shown as a notice. */
  async order(order: Order): Promise<Problem | null> {
    try {
      await this.ask(order);
      return null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      notices.showProblem(error.problem);
      return error.problem;
    }
  }

  /**
   * Ask the server for something.
   *
   * @throws Refusal with the server's reason, or when there is no connection.
   */
  ask(order: Order): Promise<Reply> {
    return this.#stream?.command(order) ?? Promise.reject(new Refusal(CONNECTION_LOST));
  }

  /** Call `listener` with every message of the server, after the session has taken it in. */
  listen(listener: (message: ServerMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #submit(draft: Experiment): void {
    this.experiment = draft;
    void this.#send();
  }

  /** Send the draft; while one is under way, only the newest waits. */
  async #send(): Promise<void> {
    this.#unsent = true;
    if (this.#sending) return;
    this.#sending = true;
    while (this.#unsent && this.isOpen && this.experiment !== null) {
      this.#unsent = false;
      this.#told = false;
      this.problem = await this.#sendOnce(this.experiment);
    }
    this.#sending = false;
    this.#adopt();
  }

  async #sendOnce(experiment: Experiment): Promise<Problem | null> {
    hub.hold();
    try {
      await this.#stream?.command({ type: 'edit', experiment });
      // No layout has come: only places or the title have changed.
      if (!this.#arrivals.isWaiting) hub.release();
      return null;
    } catch (error) {
      hub.release();
      if (!(error instanceof Refusal)) throw error;
      if (error.problem.code !== 'connection_lost') return error.problem;
      // The draft is kept; it is sent again when the connection is back.
      this.#unsent = true;
      return this.problem;
    }
  }

  /** Show what runs, unless a draft of ours is still to be checked or put right. */
  #adopt(): void {
    if (this.#sending || this.#unsent || !this.#told || this.problem !== null) return;
    this.experiment = this.running;
  }

  #hello(): Omit<Hello, 'type' | 'protocol'> {
    const opening = this.#opening;
    const experiment = this.running ?? opening?.experiment ?? null;
    // Should the remembered session be gone, the server makes a new one of what is shown.
    const otherwise = experiment !== null ? { experiment } : { preset: opening?.preset ?? null };
    const remembered = recallSession(opening?.address ?? '');
    this.#asked = remembered?.session ?? null;
    if (remembered === null) return otherwise;
    const seen = this.#run === null ? {} : { history_run: this.#run, history_after: this.curves.lastStep };
    return { ...remembered, ...otherwise, ...seen };
  }

  #connectionChanged(connection: Connection): void {
    this.connection = connection;
    if (connection.name !== 'open') {
      this.#arrivals.showNow();
    } else {
      this.#arrivals.reconnected();
      hub.reconnected();
    }
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.id = message.session;
        this.hasToken = message.can_edit;
        this.limits = message.limits;
        if (message.token !== null) {
          rememberSession(message.session, message.token, this.#opening?.address ?? '');
        }
        this.#welcomed(message.session !== this.#asked);
        break;
      case 'layout':
        this.#arrivals.layoutCame(message);
        break;
      case 'experiment':
        // Our own draft comes back: what is drawn from it needn't be drawn anew.
        this.running = isSame(message.experiment, this.experiment) ? this.experiment : message.experiment;
        this.#told = true;
        this.#noteData(message.experiment);
        this.#adopt();
        break;
      case 'status':
        this.#statusChanged(message);
        break;
      case 'history':
        this.#run = message.run;
        if (message.restart) this.#arrivals.voidFrames();
        this.curves.merge(message);
        break;
      case 'inspected':
        this.inspected = message;
        break;
      case 'host':
        notices.show(message.message, null, message.event === 'lost' ? 'problem' : 'information');
        break;
      case 'problem':
        // A subscription crossed a new layout on its way; the hub answers that layout with another.
        if (message.problem.code !== 'stale_layout') notices.showProblem(message.problem);
        break;
      case 'timeline':
        this.curves.keep(message.branches.map((branch) => branch.number));
        break;
      case 'listing':
      case 'reply':
        break;
    }
    for (const listener of this.#listeners) listener(message);
  }

  #welcomed(isNew: boolean): void {
    if (isNew && this.hasToken) void this.play();
    if (this.#unsent) void this.#send();
  }

  #statusChanged(status: Status): void {
    const before = this.status?.status;
    if (status.branch !== this.curves.present) this.#arrivals.voidFrames();
    this.#arrivals.statusCame();
    this.status = status;
    this.curves.stand(status.branch, status.step);
    if (status.status === 'running') this.pace = status.steps_per_second;
    this.live = { ...this.live, step: status.step, epoch: status.epoch };
    if (before !== undefined && before !== status.status) notices.speak(EVENTS[status.status]);
  }

  #noteData(experiment: Experiment): void {
    const signature = JSON.stringify([experiment.data, experiment.seeds.data]);
    if (signature === this.#dataSignature) return;
    this.#dataSignature = signature;
    this.dataVersion += 1;
  }

  #label(frame: Frame): void {
    if (this.#arrivals.isVoid(frame)) return;
    this.curves.append(frame, this.layout?.steps_per_epoch ?? 0);
    // The session stands elsewhere since this frame.
    const isLate = this.#arrivals.isBeforeStatus(frame) && frame.step !== this.status?.step;
    if (isLate && !this.isRunning) return;
    this.curves.stand(this.curves.present, frame.step);
    this.live = liveOf(frame);
  }
}

export const session = new Session();
