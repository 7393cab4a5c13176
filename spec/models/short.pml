/*
 * A card short of outbound frames. Requests are answered in frames that are kept for them: one is taken only while RESERVE are
 * free. Records that answer no request (what has arrived at sockets, events) take any frame there is; one that finds none waits,
 * and the card is short: it then rests until a single frame is free, not the reserve. What it may record the host has allowed by
 * its requests: RECORDS each, as buckets are posted. Each side rests without a time-out; the host takes replies in batches, and
 * gives the frames back together.
 *
 * The rings' words are as in ring.pml; here each side publishes once a turn. Each BUG_… is a fault that must be found.
 *
 * models: src/iop/run/processor.ts arm turn takeRequests
 * models: src/iop/reply/outbound.ts acquire hasFrame
 * models: src/ism/delivery/pending-replies.ts deliver
 * models: src/i2o/queues/ring/ring.ts armForFree available publishTo arm
 * models: src/osm/kernel/driver.ts look arm wait
 */
#ifndef CAPACITY
#define CAPACITY 2 /* outbound frames */
#endif
#ifndef RESERVE
#define RESERVE 2
#endif
#ifndef REPLIES
#define REPLIES 1 /* frames that one request is answered by, at most RESERVE */
#endif
#ifndef RECORDS
#define RECORDS 2
#endif
#ifndef REQUESTS
#define REQUESTS 2
#endif

/* Inbound: as many frames as requests, so that the host never waits for one. Indices count from 0 and do not wrap. */
byte inTail, inTailEvent;
byte outTail, outHead, outTailEvent, outHeadEvent;
bool isRecord[(REPLIES + RECORDS) * REQUESTS];
bool cardWoken, hostWoken;
byte answered, recorded; /* replies that the host has taken */

/* An index stored from `before` to `now` passes the event: ring.ts, publishTo. */
#define ASKED(now, event, before) (event >= before && event < now)

active proctype Host() {
  byte posted, taken, given, seen;
end:
  do
  :: posted < REQUESTS ->
     posted++;
     inTail = posted;
     if
     :: inTailEvent == posted - 1 -> cardWoken = true
     :: else
     fi
  :: true ->
     if
     :: taken < outTail ->
        d_step {
          if
          :: isRecord[taken] -> recorded++
          :: else -> answered++
          fi;
          taken++
        };
        if
        :: true -> skip /* it takes another before it gives them back */
        :: goto giveBack
        fi
     :: taken == outTail ->
        if
        :: taken != given -> goto giveBack
        :: else
        fi;
        hostWoken = false;
        outTailEvent = taken;
        if
        :: taken < outTail
        :: taken == outTail ->
endrest:   hostWoken || posted < REQUESTS
        fi
     fi
  :: false ->
giveBack:
     outHead = taken;
     seen = outHeadEvent;
     if
     :: ASKED(taken, seen, given) -> cardWoken = true
     :: else
     fi;
     atomic { given = taken; seen = 0 }
  od
}

active proctype Card() {
  byte next, posted, shown, headSeen, due, seen, made, wanted;
  bool isShort, none, found;
#define FREE (CAPACITY - (posted - headSeen))
end:
  do
  :: true ->
     /* A turn: IoProcessor.turn */
     atomic { isShort = false; found = false }
     do
     :: next < inTail ->
        if
        :: FREE < RESERVE -> headSeen = outHead
        :: else
        fi;
        if
#ifdef BUG_TAKES_WITHOUT_RESERVE
        :: true ->
#else
        :: FREE >= RESERVE ->
#endif
           d_step {
             made = 0;
             do
             :: made < REPLIES && FREE > 0 -> isRecord[posted] = false; posted++; made++
             :: else -> break
             od;
             made = 0; next++; due = due + RECORDS; found = true
           }
        :: else -> break
        fi
     :: next == inTail -> break
     od;
     /* PendingReplies.deliver: as many as find a frame */
     do
     :: due > 0 ->
        if
        :: FREE < 1 -> headSeen = outHead
        :: else
        fi;
        if
        :: FREE >= 1 -> d_step { isRecord[posted] = true; posted++; due--; found = true }
        :: else -> isShort = true; break
        fi
     :: due == 0 -> break
     od;
     if
     :: shown != posted ->
        outTail = posted;
        seen = outTailEvent;
        if
        :: ASKED(posted, seen, shown) -> hostWoken = true
        :: else
        fi;
        atomic { shown = posted; seen = 0 }
     :: else
     fi;
     if
     :: found
     :: else ->
        cardWoken = false;
        inTailEvent = next;
        none = (next == inTail);
#ifdef BUG_SHORT_FORGOTTEN
        wanted = RESERVE;
        if
        :: none -> goto rest
        :: else
        fi;
#else
        if
        :: isShort -> wanted = 1
        :: !isShort && none -> goto rest
        :: !isShort && !none -> wanted = RESERVE
        fi;
#endif
#ifndef BUG_RESTS_SHORT
        do
        :: seen = headSeen;
           outHeadEvent = seen;
           headSeen = outHead;
           if
           :: FREE >= wanted -> goto awake
           :: else ->
#ifdef BUG_SPENT
              break
#else
              if
              :: headSeen == seen -> break
              :: else
              fi
#endif
           fi
        od;
#endif
rest:
endrest:
        cardWoken;
awake:  atomic { seen = 0; wanted = 0; none = false }
     fi
  od
}

/* When nobody can take a step any more, all is answered and all is told. */
active proctype Watch() {
  timeout -> assert(answered == REQUESTS * REPLIES && recorded == REQUESTS * RECORDS)
}

/* Weakly fair: records do not keep a request from its answer for ever. */
ltl answers { <> (inTail == REQUESTS) -> <> (answered == REQUESTS * REPLIES) }
