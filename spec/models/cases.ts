/**
 * What `npm run model` checks: each model as built, in several sizes, and each with one fault that must be
 * found.
 */

/** `safety`: asserts and invalid end states. `liveness`: the model's ltl formula, under weak fairness. */
export type Check = 'safety' | 'liveness';

export interface ModelCase {
  /** spec/models/<model>.pml */
  readonly model: 'ring' | 'pair' | 'fifo' | 'reset' | 'loop' | 'rest' | 'short' | 'moderation';
  /** What is defined for the model, as `NAME` or `NAME=value`. */
  readonly defines: readonly string[];
  readonly check: Check;
  /** Whether the property holds. If not, spin must find a counter-example. */
  readonly holds: boolean;
  /** What the case shows. */
  readonly shows: string;
}

function good(model: ModelCase['model'], check: Check, defines: string, shows: string): ModelCase {
  return { model, defines: defines === '' ? [] : defines.split(' '), check, holds: true, shows };
}

function fault(model: ModelCase['model'], defines: string, shows: string): ModelCase {
  return { model, defines: defines.split(' '), check: 'safety', holds: false, shows };
}

export const CASES: readonly ModelCase[] = [
  good('ring', 'safety', '', 'no frame lost, doubled, overtaken or overwritten; nobody rests over work'),
  good('ring', 'safety', 'WANTED=2', 'the same when the producer waits for two free frames'),
  good('ring', 'safety', 'CAPACITY=4 FRAMES=7 WANTED=3', 'the same with four frames, batches of up to four'),
  good('ring', 'liveness', '', 'every frame arrives'),
  good('ring', 'liveness', 'ENDLESS', 'frames arrive for ever'),
  good('ring', 'safety', 'TSO FRAMES=4', 'the same through store buffers: Atomics.store is enough'),
  good('ring', 'liveness', 'TSO FRAMES=4', 'every frame arrives through store buffers'),
  fault('ring', 'BUG_NO_LOOK_FOR_FRAMES', 'the consumer does not look once more after arming'),
  fault('ring', 'BUG_NO_LOOK_FOR_ROOM', 'the producer does not look once more after arming'),
  fault('ring', 'BUG_PREPARE_LATE', 'the sleeper is prepared after arming, and forgets a wake-up'),
  fault('ring', 'BUG_SPENT WANTED=2', 'a notification spent on too few frames is not asked for again'),
  fault('ring', 'BUG_EVENT_BEFORE_TAIL', 'the event index is read before the tail is stored'),
  fault('ring', 'BUG_EVENT_BEFORE_HEAD', 'the event index is read before the head is stored'),
  fault('ring', 'BUG_SILENT', 'frames are published and nobody is notified'),
  fault('ring', 'BUG_EQUAL', 'the event is compared with the last frame of a batch only'),
  fault('ring', 'BUG_NO_WRAP', 'indices are compared, not their differences'),
  fault('ring', 'BUG_REST_UNPUBLISHED', 'the consumer rests over releases it has not published'),
  fault('ring', 'BUG_PUBLISH_BEFORE_WRITE', 'the tail is stored before the frame is written'),
  fault('ring', 'BUG_RELEASE_BEFORE_READ', 'the head is stored before the frame is read'),
  fault('ring', 'BUG_ONE_TOO_MANY', 'the producer takes one frame more than there are'),
  fault('ring', 'TSO FRAMES=4 BUG_PLAIN_TAIL', 'the tail is a plain store: the event is read ahead of it'),
  fault('ring', 'TSO FRAMES=4 BUG_PLAIN_EVENT', 'the event is a plain store: the tail is read ahead of it'),
  good(
    'pair',
    'safety',
    '',
    'host and card never rest full towards each other; each request has its replies',
  ),
  good('pair', 'safety', 'RESERVE=1 REPLIES=1', 'the same with one reply a request'),
  good('pair', 'liveness', '', 'every request is answered'),
  fault('pair', 'BUG_FORGET_ROOM', 'the host rests over replies while a request waits for a frame'),
  fault('pair', 'BUG_NO_ROOM_ASKED', 'the card rests over requests while replies wait for frames'),
  fault('pair', 'BUG_NO_RESERVE', 'the card takes a request without room for its replies'),
  fault('pair', 'RESERVE=1', 'the reserve is smaller than what one request answers with'),
  fault('pair', 'BUG_HOLD_FORGOTTEN', 'the card rests over an interrupt held back by moderation'),
  good(
    'fifo',
    'safety',
    '',
    'each address in one place; every credit home; each request answered once, in order',
  ),
  good('fifo', 'safety', 'INBOUND=3 OUTBOUND=1 REQUESTS=2', 'the same with one outbound frame'),
  good('fifo', 'safety', 'OUTBOUND=3', 'the same with three, and batches of as many'),
  good('fifo', 'liveness', 'REQUESTS=2', 'every request is answered'),
  fault('fifo', 'REQUESTS=2 BUG_NO_NOP', 'a preserved frame is not posted as a NOP'),
  fault('fifo', 'REQUESTS=2 BUG_CANCEL_LEAKS', 'a frame taken and not used is not posted as a NOP'),
  fault('fifo', 'BUG_NOP_WRONG_FIFO', 'a preserved inbound frame goes to the outbound free list'),
  fault('fifo', 'BUG_PRESERVED_FREED', 'a preserved frame is on the free list too'),
  fault('fifo', 'REQUESTS=2 BUG_NOT_RETURNED', 'the host keeps outbound frames'),
  fault('fifo', 'BUG_RETURN_BEFORE_READ', 'the host returns a reply before it has read it'),
  fault('fifo', 'BUG_FREE_BEFORE_READ', 'the card frees a request before it has read it'),
  fault(
    'fifo',
    'OUTBOUND=1 REQUESTS=2 BUG_REPLY_DROPPED',
    'the card drops a reply for want of an outbound frame',
  ),
  fault('fifo', 'BUG_UNMASK_ONLY', 'the host unmasks and does not look once more'),
  fault('fifo', 'REQUESTS=2 BUG_LEVEL_BEFORE_SHOW', 'the card looks what is taken before it shows the batch'),
  fault(
    'fifo',
    'REQUESTS=2 BUG_EDGE_OF_LAST',
    'the card looks at the last entry of a batch, not at its first',
  ),
  fault('fifo', 'BUG_REST_UNSHOWN', 'the card rests over replies that it has not shown'),
  fault(
    'fifo',
    'INBOUND=1 REQUESTS=2 BUG_WAIT_ONLY',
    'the host asks for a frame and does not look once more',
  ),
  fault('fifo', 'BUG_CARD_LOOKS_ONCE', 'the card does not look once more before it rests'),
  good('reset', 'safety', '', 'a reset destroys no reply that the host takes; what comes behind it arrives'),
  good('reset', 'liveness', '', 'what is posted behind a reset arrives'),
  fault(
    'reset',
    'BUG_FLOOR_LAST',
    'the head is shown and what was taken is counted before the floor is raised',
  ),
  fault('reset', 'BUG_NO_SECOND_LOOK', 'the host does not look at the floor once more'),
  fault('reset', 'BUG_HEAD_IMPOSSIBLE', 'the host takes a head below the floor for an impossible one'),
  good('loop', 'safety', '', 'nothing is left unseen by a loop at rest while calls wait; every call returns'),
  good('loop', 'liveness', '', 'all news is served'),
  good('loop', 'safety', 'FIFO', 'the same over the FIFOs'),
  good('loop', 'liveness', 'FIFO', 'all news is served over the FIFOs'),
  fault('loop', 'FIFO BUG_CALL_TELLS_NOBODY', 'a call takes the news of others, and the loop is not told'),
  fault('loop', 'BUG_MODE_LATE', 'the host says that it rests in its loop after it has armed'),
  fault('loop', 'BUG_NO_LOOK', 'the loop does not look once more before it rests'),
  fault('loop', 'BUG_NO_EXCHANGE', 'the waker takes the loop’s word back after its message'),
  fault('loop', 'BUG_EITHER_WAY', 'the waker sends a message, and does not wake a call'),
  fault('loop', 'BUG_PREPARE_LATE', 'a call prepares after arming, and forgets a wake-up'),
  fault('loop', 'BUG_RESTS_OVER_READY', 'the loop rests right after a turn that served sockets'),
  good('rest', 'safety', '', 'a card’s thread never rests over requests, frames, room or the end'),
  good('rest', 'liveness', '', 'the card does all that comes, and stops'),
  fault('rest', 'BUG_RESTS_FIRST', 'the count is read after it is said that the thread rests'),
  fault('rest', 'BUG_RESTS_LATE', 'it is said after arming that the thread rests'),
  fault('rest', 'BUG_PREPARE_LATE', 'the thread prepares after arming, and forgets a wake-up'),
  fault('rest', 'BUG_STOP_UNSEEN', 'a request to stop is not looked for after preparing'),
  fault('rest', 'BUG_ROOM_ASKED_ONCE', 'room is asked for before preparing, and not again'),
  fault('rest', 'BUG_LOADED_NOT_EXCHANGED', 'whoever wakes takes the word back after waking'),
  good('short', 'safety', '', 'records and replies both get their frames; nobody rests over either'),
  good('short', 'safety', 'CAPACITY=3 REPLIES=2', 'the same with replies of two frames, and three frames'),
  good('short', 'liveness', '', 'records do not keep a request from its answer'),
  fault('short', 'BUG_TAKES_WITHOUT_RESERVE', 'a request is taken while records have the reserve'),
  fault('short', 'RESERVE=1 REPLIES=2', 'the reserve is smaller than what one request answers with'),
  fault('short', 'BUG_SHORT_FORGOTTEN', 'a card that is short rests as one that waits for requests'),
  fault('short', 'BUG_RESTS_SHORT', 'a card that is short does not ask for a frame'),
  fault('short', 'BUG_SPENT', 'a notification spent on too few frames is not asked for again'),
  good('moderation', 'safety', '', 'no interrupt is held back, and no doorbell suppressed, for ever'),
  good('moderation', 'safety', 'EACH', 'the same with an interrupt for each frame'),
  good('moderation', 'liveness', '', 'every reply is taken'),
  fault('moderation', 'BUG_NO_DEADLINE', 'the card’s rest does not end when an interrupt falls due'),
  fault('moderation', 'BUG_COUNT_IGNORED', 'the count is reached, and nobody is interrupted'),
  fault('moderation', 'BUG_HOLD_ENDS_WITH_TURN', 'what is held back is forgotten at the end of a turn'),
  fault('moderation', 'BUG_RELEASE_ENDS_HOLD', 'quiet releases forget the interrupt held back'),
  fault('moderation', 'BUG_EVENT_REMEMBERED', 'the host suppresses by an event index seen earlier'),
];
