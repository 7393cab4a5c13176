/*
 * The host's rest in its event loop, the one without a time-out, and the calls that wait beside it. Between two turns of the
 * pump the program's own callbacks run, and each may make a call that waits for its answer: it takes whatever replies come,
 * news of other sockets among them, and rests on the futex. The card wakes the host in both ways: by a message if the host has
 * said that it rests in the loop, and by the futex. Nothing may be left that nobody looks at: once all have come to rest, every
 * reply is taken, every socket that it made ready is served, and every call has returned.
 *
 * The replies' queue is the ring's, or with FIFO the outbound post list's: an event index, or a mask that the host sets at the first
 * reply that it takes. NEWS replies of themselves, CALLS calls. Each BUG_… is a fault that must be found.
 *
 * models: src/world/thread/threaded-card.ts armLoop
 * models: src/world/thread/loop-waker.ts wake
 * models: src/world/build/opened-card.ts restInLoop
 * models: src/osm/kernel/loop-rest.ts begin end tell
 * models: src/node/pump.ts wake run settle round
 * models: src/osm/kernel/driver.ts look wait arm
 * models: src/time/sleeper.ts prepare sleep wake
 * models: src/i2o/queues/ring/ring.ts publishTo arm
 * models: src/i2o/queues/fifo/card-producer.ts publishTo
 * models: src/i2o/queues/fifo/host-consumer.ts receive arm
 */
#ifndef NEWS
#define NEWS 2
#endif
#ifndef CALLS
#define CALLS 2
#endif
#define ALL (NEWS + CALLS)

/* Shared words. Indices count from 0 and do not wrap here. */
byte tail;               /* replies published */
byte event;              /* the ring's event index */
bool masked = true;      /* the FIFO's mask */
byte taken;              /* the FIFO's tail */
bool isAnswer[ALL];
byte requests;           /* calls posted; the card answers each */
bool mode;               /* LOOP_RESTS: the host rests in its event loop */
bool woken;              /* a wake-up came since the host prepared to rest in a call */
byte messages;           /* posted to the loop, not received yet */
/* The host's own, seen by Watch. */
byte served, returned;

/* LoopWaker.wake */
inline wake() {
#ifdef BUG_NO_EXCHANGE
  if
  :: mode -> messages++; mode = false
  :: else
  fi;
  woken = true
#else
  atomic {
    if
    :: mode -> mode = false; rests = true
    :: else -> rests = false
    fi
  }
  if
  :: rests -> messages++
  :: else
  fi;
#ifdef BUG_EITHER_WAY
  if
  :: rests
  :: else -> woken = true
  fi
#else
  woken = true
#endif
#endif
}

active proctype Card() {
  byte posted, answers, news, seen;
  bool rests;
end:
  do
  :: atomic {
       if
       :: answers < requests -> isAnswer[posted] = true; answers++
       :: news < NEWS -> news++
       fi;
       posted++
     }
     tail = posted;
#ifdef FIFO
     if
     :: masked
     :: !masked ->
        seen = taken; /* the entry before this one */
        if
        :: seen >= posted - 1 ->
           if
           :: seen >= posted
           :: else -> seen = taken
           fi;
           if
           :: seen >= posted
           :: else -> wake()
           fi
        :: else
        fi
     fi;
#else
     seen = event;
     if
     :: seen == posted - 1 -> wake()
     :: else
     fi;
#endif
     seen = 0
  od
}

active proctype Host() {
  byte next, ready, calls;
  bool scheduled = true; /* a turn of the pump is due */
  bool idle;             /* its last look found nothing */
  bool inLoop;           /* LoopRest: the loop relies on being told */
  bool unmasked;
  bool waiting;          /* a call waits for its answer */

  /* Driver.look: takes one reply; told afterwards whether it found one by `idle`. */
#define TAKE \
     atomic { \
       idle = false; \
       if \
       :: isAnswer[next] -> waiting = false; returned++ \
       :: else -> ready++ \
       fi; \
       next++ \
     }
#ifdef FIFO
#define TAKEN taken = next; if :: unmasked -> unmasked = false; masked = true :: else fi
#define ARM d_step { unmasked = true; masked = false }
#else
#define TAKEN skip
#define ARM event = next
#endif
#ifdef BUG_CALL_TELLS_NOBODY
#define TELL skip
#else
#define TELL d_step { if :: inLoop -> inLoop = false; scheduled = true :: else fi }
#endif

end:
  do
  :: scheduled && !waiting -> /* Pump.run */
     d_step { scheduled = false; inLoop = false; idle = true }
     do
     :: next < tail -> TAKE; TAKEN
     :: next == tail -> break
     od;
     atomic {
#ifdef BUG_RESTS_OVER_READY
       idle = true;
#else
       if
       :: ready > 0 -> idle = false
       :: else
       fi;
       served = served + ready; ready = 0
#endif
     }
     /* Pump.settle */
     if
     :: !idle -> scheduled = true
     :: else ->
#ifndef BUG_MODE_LATE
        mode = true;
#endif
        ARM;
#ifndef BUG_NO_LOOK
        if
        :: next < tail -> mode = false; scheduled = true
        :: next == tail -> inLoop = true
        fi;
#else
        inLoop = true;
#endif
#ifdef BUG_MODE_LATE
        mode = true
#else
        skip
#endif
     fi
  :: atomic { messages > 0 && !waiting -> messages--; scheduled = true; inLoop = false }
  :: atomic { calls < CALLS && !waiting -> calls++; waiting = true } /* a callback of the program's */
     requests++
  :: waiting -> /* Driver.wait */
     if
     :: next < tail -> TAKE; TELL; TAKEN
     :: next == tail -> /* and it may spin */
        if
        :: true ->
#ifndef BUG_PREPARE_LATE
           woken = false;
#endif
           ARM;
           if
           :: next < tail
           :: next == tail ->
#ifdef BUG_PREPARE_LATE
              woken = false;
#endif
endrest:      woken
           fi
        :: true
        fi
     fi
  od
}

/* When nobody can take a step any more, all is done. */
active proctype Watch() {
  timeout -> assert(served == NEWS && returned == CALLS)
}

/* Weakly fair: all news is served. */
ltl serves { <> (served == NEWS) }
