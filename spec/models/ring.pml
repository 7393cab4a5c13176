/*
 * One ring: a producer, a consumer, their four shared words, and the rest of each.
 * The producer waits for free frames, the consumer for frames; each tells the other only when its event word asks for it.
 *
 * Each shared word is read or written in one step, as Atomics.load and Atomics.store do; everything else a side does is its
 * own, so it is put in one step with its neighbour. Indices are numbers modulo INDICES and begin just below the wrap, as
 * int32 ones do modulo 2^32. Rests have no time-out: what the program's 100 ms would hide is found here.
 *
 * Settings: CAPACITY frames (a power of two), WANTED frames the producer waits for, FRAMES sent, ENDLESS (for ever), TSO
 * (each side's stores pass through a store buffer, as on x86; an Atomics.store waits until its own is empty).
 * BUG_… are the faults that must be found; each is a line left out or put in the wrong place.
 *
 * models: src/i2o/queues/ring/ring.ts acquire post publishTo armForFree receive release arm refresh
 * models: src/time/sleeper.ts prepare sleep wake
 */
#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef WANTED
#define WANTED 1
#endif
#ifndef FRAMES
#define FRAMES 6
#endif
#ifdef ENDLESS
#define INDICES 4 /* the fewest that tell full from empty */
#else
#define INDICES 16 /* more than FRAMES and twice CAPACITY, so that no stale event word is met again */
#endif
#define START (INDICES - 3)
#define MOD(x) ((x) & (INDICES - 1))
#define SLOT(i) ((i) & (CAPACITY - 1))

#ifdef ENDLESS
#define SEQUENCE(n) (SLOT(n)) /* what the frame at index n must hold: for ever means from few values */
#else
#define SEQUENCE(n) (MOD((n) - START) + 1)
#endif

/* Shared words, each with one writer. */
byte tail = START, head = START, tailEvent = START - 1, headEvent = START - 1;
byte frames[CAPACITY];
/* A wake-up came since `prepare`: the futex's count has moved. */
bool consumerWoken, producerWoken;
byte received; /* frames the consumer has taken, counted to FRAMES */
bool sent;     /* for ENDLESS: turns true and false again with each frame */

#ifdef TSO
#define TAIL 0
#define HEAD 1
#define TAIL_EVENT 2
#define HEAD_EVENT 3
#define FRAME 4
chan producerStores = [3] of { byte, byte };
chan consumerStores = [3] of { byte, byte };
#define PLAIN(buffer, word, where, value) buffer!where,value
#define FENCE(buffer) empty(buffer)

inline land(where, value) {
  if
  :: where == TAIL -> tail = value
  :: where == HEAD -> head = value
  :: where == TAIL_EVENT -> tailEvent = value
  :: where == HEAD_EVENT -> headEvent = value
  :: else -> frames[where - FRAME] = value
  fi
}

active proctype Memory() {
  byte where, value;
end:
  do
  :: atomic { producerStores?where,value -> land(where, value); where = 0; value = 0 }
  :: atomic { consumerStores?where,value -> land(where, value); where = 0; value = 0 }
  od
}
#else
#define PLAIN(buffer, word, where, value) word = value
#define FENCE(buffer) skip
#endif

/* Atomics.store: visible to all before anything the same side does next. */
inline storeTail(value) {
  PLAIN(producerStores, tail, TAIL, value);
#ifndef BUG_PLAIN_TAIL
  FENCE(producerStores)
#endif
}
inline storeHead(value) {
  PLAIN(consumerStores, head, HEAD, value);
  FENCE(consumerStores)
}
inline storeTailEvent(value) {
  PLAIN(consumerStores, tailEvent, TAIL_EVENT, value);
#ifndef BUG_PLAIN_EVENT
  FENCE(consumerStores)
#endif
}
inline storeHeadEvent(value) {
  PLAIN(producerStores, headEvent, HEAD_EVENT, value);
  FENCE(producerStores)
}

/* `(next - event - 1) >>> 0 < (next - before) >>> 0`: the event lies in what was just published. */
#ifdef BUG_EQUAL
#define ASKED(next, event, before) (event == MOD(next - 1))
#else
#ifdef BUG_NO_WRAP
#define ASKED(next, event, before) (event < next && event >= before)
#else
#define ASKED(next, event, before) (MOD(next - event - 1) < MOD(next - before))
#endif
#endif

proctype Producer() {
  byte next = START, published = START, headSeen = START, seen, event;
#ifdef ENDLESS
#define MORE true
#else
#define MORE (MOD(next - START) < FRAMES)
#endif
#ifdef BUG_ONE_TOO_MANY
#define ROOM (MOD(next - headSeen) <= CAPACITY)
#else
#define ROOM (MOD(next - headSeen) < CAPACITY)
#endif
#define FREE (CAPACITY - MOD(next - headSeen))
  do
  :: MORE ->
     /* acquire: looks at the shared word only when it seems full */
     if
     :: ROOM
     :: else -> headSeen = head
     fi;
     if
     :: ROOM ->
#ifdef BUG_PUBLISH_BEFORE_WRITE
        storeTail(MOD(next + 1));
#endif
        PLAIN(producerStores, frames[SLOT(next)], FRAME + SLOT(next), SEQUENCE(next));
        next = MOD(next + 1);
        if
        :: goto publish
        :: MORE -> skip /* more is posted before it is published */
        fi
     :: else ->
        if
        :: next != published -> goto publish /* nobody rests over what it has not published */
        :: else
        fi;
#ifndef BUG_PREPARE_LATE
        producerWoken = false;
#endif
        /* armForFree(WANTED) */
        do
        :: seen = headSeen;
           storeHeadEvent(seen);
#ifndef BUG_NO_LOOK_FOR_ROOM
           headSeen = head;
#endif
           if
           :: FREE >= WANTED -> break
           :: else ->
#ifdef BUG_SPENT
              goto rest /* what was asked for is spent by the frames that came, and is not asked for again */
#else
              if
              :: headSeen == seen -> goto rest
              :: else
              fi
#endif
           fi
        od;
        goto awake;
rest:
#ifdef BUG_PREPARE_LATE
        producerWoken = false;
#endif
        producerWoken;
        /* WANTED frames were asked for: the caller goes on only with as many */
awake:  skip
     fi
  :: else -> break
  :: false ->
publish:
#ifdef BUG_EVENT_BEFORE_TAIL
     event = tailEvent;
     storeTail(next);
#else
     storeTail(next);
     event = tailEvent;
#endif
     if
#ifndef BUG_SILENT
     :: ASKED(next, event, published) -> consumerWoken = true
#endif
     :: else
     fi;
     published = next;
     event = 0
  od;
  assert(next == published)
}

proctype Consumer() {
  byte next = START, published = START, tailSeen = START, event;
  do
  :: true ->
     /* receive */
     if
     :: next != tailSeen
     :: else -> tailSeen = tail; assert(MOD(tailSeen - next) <= CAPACITY)
     fi;
     if
     :: next != tailSeen ->
#ifdef BUG_RELEASE_BEFORE_READ
        storeHead(MOD(next + 1));
#endif
        assert(frames[SLOT(next)] == SEQUENCE(next)); /* none lost, none twice, in order, none overwritten */
        next = MOD(next + 1);
#ifdef ENDLESS
        sent = !sent;
#else
        received++;
#endif
        if
        :: goto publish
        :: skip /* more is taken before the release is published */
        fi
     :: else ->
#ifndef BUG_REST_UNPUBLISHED
        if
        :: next != published -> goto publish
        :: else
        fi;
#endif
        consumerWoken = false;
        /* arm */
        storeTailEvent(next);
#ifndef BUG_NO_LOOK_FOR_FRAMES
        tailSeen = tail;
#endif
        if
        :: next == tailSeen ->
end:       consumerWoken
        :: else
        fi
     fi
  :: false ->
publish:
#ifdef BUG_EVENT_BEFORE_HEAD
     event = headEvent;
     storeHead(next);
#else
     storeHead(next);
     event = headEvent;
#endif
     if
     :: ASKED(next, event, published) -> producerWoken = true
     :: else
     fi;
     published = next;
     event = 0
  od
}

init {
  byte i;
  atomic {
    for (i : 0 .. CAPACITY - 1) { frames[i] = 255 }
    i = 0;
    run Producer();
    run Consumer()
  }
}

#ifndef ENDLESS
/* When nobody can take a step any more, everything has arrived: no side rests while the other has something for it. */
active proctype Watch() {
  timeout -> assert(received == FRAMES)
}
#endif

#ifdef ENDLESS
ltl delivers { ([]<> sent) && ([]<> !sent) }
#else
ltl delivers { <> (received == FRAMES) }
#endif
