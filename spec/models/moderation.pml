/*
 * Moderation: an interrupt that the host has asked for is held back until a time is over or a count of publications is reached.
 * The card may be at rest meanwhile; the time at which the interrupt falls due is then a deadline of its rest. What the card gives
 * back of the host's frames interrupts at once, and serves the one held back as well. The host may find by itself what the held
 * interrupt was to tell, and rest again before it comes. With EACH the host is interrupted for each frame, whatever it asked for.
 * No rest of the host's has a time-out. A doorbell is never held back: the card asks for one, or it is suppressed.
 *
 * FRAMES replies in publications of one or two, RELEASES frames given back. Each BUG_… is a fault that must be found.
 *
 * models: src/i2o/interrupt.ts publish raiseForEach publishReleases poll nextDeadlineNs raise
 * models: src/i2o/doorbell.ts publish ring
 * models: src/iop/run/processor.ts turn nextDeadlineNs
 * models: src/i2o/queues/ring/ring.ts publishTo arm armForFree
 * models: src/osm/kernel/driver.ts look wait arm
 */
#ifndef FRAMES
#define FRAMES 5
#endif
#ifndef RELEASES
#define RELEASES 2
#endif
#ifndef COUNT
#define COUNT 3 /* rx-frames */
#endif

/* Indices count from 0 and do not wrap here. */
byte tail, tailEvent;     /* replies */
byte head, headEvent;     /* the host's frames given back; it waits for one while it has none */
byte inTail, inTailEvent; /* the host's requests: one for each frame given back */
bool hostWoken, cardWoken;
byte got, rung;           /* replies taken; requests the card has taken */

#define ASKED(now, event, before) (event >= before && event < now)

active proctype Card() {
  byte shown, next, given, held, told, seen, now;
  bool due; /* dueNs is a time, and not NEVER */
end:
  do
  :: shown < FRAMES -> /* Interrupt.publish */
     if
     :: now = shown + 1
     :: shown + 2 <= FRAMES -> now = shown + 2
     fi;
     tail = now;
     seen = tailEvent;
#ifdef EACH
     atomic {
       if
       :: told == now && ASKED(now, seen, shown) -> hostWoken = true
       :: told < now -> told = now; hostWoken = true
       :: else
       fi
     }
#else
     if
     :: held > 0 ->
        held++;
#ifdef BUG_COUNT_IGNORED
        if
        :: held >= COUNT -> held = 0; due = false
        :: else
        fi
#else
        if
        :: held >= COUNT -> atomic { held = 0; due = false; hostWoken = true }
        :: else
        fi
#endif
     :: held == 0 && ASKED(now, seen, shown) ->
        held = 1;
        due = true
#ifdef BUG_HOLD_ENDS_WITH_TURN
        ;
        atomic { held = 0; due = false }
#endif
     :: else
     fi;
#endif
     d_step { shown = now; seen = 0; now = 0 }
  :: next < inTail && given < RELEASES -> /* a request is taken, and its frame given back: Interrupt.publishReleases */
     d_step { next++; rung++ }
     head = given + 1;
     seen = headEvent;
     if
     :: seen == given -> atomic { held = 0; due = false; hostWoken = true }
     :: else
     fi;
#ifdef BUG_RELEASE_ENDS_HOLD
     atomic { held = 0; due = false }
#endif
     d_step { given++; seen = 0 }
  :: atomic { due -> held = 0; due = false; hostWoken = true } /* Interrupt.poll: the time is over */
  :: next == inTail -> /* nothing to do: arm and rest */
     cardWoken = false;
     inTailEvent = next;
     if
     :: next < inTail
     :: next == inTail && shown == FRAMES ->
endrest:
        if
        :: cardWoken
#ifndef BUG_NO_DEADLINE
        :: due -> atomic { held = 0; due = false; hostWoken = true } /* the rest lasts until the hold is over, and the turn polls */
#endif
        fi
     :: next == inTail && shown < FRAMES /* the wire brings something to reply about */
     fi
  od
}

active proctype Host() {
  byte next, posted, seen, rested;
end:
  do
  :: next < tail -> d_step { next++; got++ }
  :: posted < RELEASES && posted == head -> /* Doorbell.publish */
     inTail = posted + 1;
#ifndef BUG_EVENT_REMEMBERED
     seen = inTailEvent;
#endif
     if
     :: seen == posted -> cardWoken = true
     :: else
     fi;
     posted++
  :: next == tail && (posted != head || posted == RELEASES) ->
     hostWoken = false;
     tailEvent = next;
     if
     :: next < tail
     :: next == tail ->
        if
        :: posted < RELEASES -> /* it waits for a frame: InboundFrames.short */
           headEvent = posted - 1;
           if
           :: posted == head -> goto awake
           :: else
           fi
        :: else
        fi;
endrest:hostWoken;
awake:  skip
     fi
  od
}

/* When nobody can take a step any more, all has arrived. */
active proctype Watch() {
  timeout -> assert(got == FRAMES && rung == RELEASES && head == RELEASES)
}

/* Weakly fair: once every reply is there, every one is taken. */
ltl arrives { <> (tail == FRAMES) -> <> (got == FRAMES) }
