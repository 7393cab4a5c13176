/*
 * Host and card with a ring each way: requests in, replies out. Each side
 * rests over two things at once: the other's frames, and free frames of its own ring when it ran out. What could go wrong
 * that one ring alone does not show: both rest, each full towards the other; a request taken without room for its reply;
 * an interrupt held back by moderation and then forgotten.
 *
 * The rings' words are as in ring.pml, where batches and wrap are examined; here each frame is published by itself.
 * REPLIES frames answer one request; the card takes one only when RESERVE outbound frames are free.
 *
 * models: src/iop/run/processor.ts takeRequests arm turn
 * models: src/osm/kernel/driver.ts look wait arm
 * models: src/osm/message/inbound-frames.ts acquire post armForFrame
 * models: src/i2o/interrupt.ts publish publishReleases poll
 * models: src/i2o/doorbell.ts publish publishReleases
 */
#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef RESERVE
#define RESERVE 2
#endif
#ifndef REPLIES
#define REPLIES 2
#endif
#ifndef REQUESTS
#define REQUESTS 3
#endif

/* Inbound ring: the host posts; outbound ring: the card posts. Indices count from 1 and do not wrap here. */
byte inTail = 1, inHead = 1, inTailEvent, inHeadEvent;
byte outTail = 1, outHead = 1, outTailEvent, outHeadEvent;
byte requests[CAPACITY], replies[CAPACITY];
bool cardWoken, hostWoken;
byte asked, answered; /* requests posted, replies the host has taken */
#define EXPECTED (REQUESTS * REPLIES)
#define ASKED(event, before) (event == before) /* one frame a publication */

active proctype Host() {
  byte posted = 1, inHeadSeen = 1, taken = 1, outTailSeen = 1, event;
  bool waiting; /* a request found no frame */
  byte seen;
end:
  do
  :: posted <= REQUESTS ->
     /* acquire and post, whenever the program likes */
     if
     :: posted - inHeadSeen < CAPACITY
     :: else -> inHeadSeen = inHead
     fi;
     if
     :: posted - inHeadSeen < CAPACITY ->
        requests[posted % CAPACITY] = posted;
        inTail = posted + 1;
        event = inTailEvent;
        if
        :: ASKED(event, posted) -> cardWoken = true
        :: else
        fi;
        posted++;
        asked++;
        waiting = false;
        event = 0
     :: else -> waiting = true; goto poll
     fi
  :: true ->
poll:
     outTailSeen = outTail;
     if
     :: taken != outTailSeen ->
        assert(replies[taken % CAPACITY] == taken); /* none lost, none twice, in order */
        answered++;
        outHead = taken + 1;
        event = outHeadEvent;
        if
        :: ASKED(event, taken) -> cardWoken = true
        :: else
        fi;
        taken++;
        event = 0
     :: else ->
        hostWoken = false;
        outTailEvent = taken;
        outTailSeen = outTail;
        if
        :: taken != outTailSeen
        :: else ->
#ifdef BUG_FORGET_ROOM
           goto rest; /* rests over replies alone while a request waits for a frame */
#endif
           if
           :: waiting ->
              inHeadEvent = inHeadSeen;
              inHeadSeen = inHead;
              if
              :: posted - inHeadSeen < CAPACITY -> goto awake
              :: else
              fi
           :: else -> skip
           fi;
rest:
endrest:   /* the program may call again at any time, unless it waits for a frame */
           hostWoken || (!waiting && posted <= REQUESTS);
awake:     skip
        fi
     fi
  od
}

active proctype Card() {
  byte taken = 1, inTailSeen = 1, posted = 1, outHeadSeen = 1, event, made;
  bool none, held;
#define ROOM (CAPACITY - (posted - outHeadSeen))
end:
  do
  :: true ->
     /* takeRequests: a request in sight and room for all its replies */
     inTailSeen = inTail;
     if
     :: ROOM < RESERVE -> outHeadSeen = outHead
     :: else
     fi;
     if
#ifdef BUG_NO_RESERVE
     :: taken != inTailSeen ->
#else
     :: taken != inTailSeen && ROOM >= RESERVE ->
#endif
        assert(requests[taken % CAPACITY] == taken);
        made = 0;
        do
        :: made < REPLIES ->
#ifdef BUG_NO_RESERVE
           if
           :: ROOM > 0 -> replies[posted % CAPACITY] = posted; posted++
           :: else -> skip /* the reply finds no frame and is gone */
           fi;
#else
           assert(ROOM > 0);
           replies[posted % CAPACITY] = posted;
           posted++;
#endif
           outTail = posted;
           event = outTailEvent;
           if
           :: ASKED(event, posted - 1) -> held = true
           :: else
           fi;
           made++
        :: else -> break
        od;
        inHead = taken + 1;
        event = inHeadEvent;
        if
        :: ASKED(event, taken) -> hostWoken = true; held = false /* releases interrupt at once */
        :: else
        fi;
        taken++;
        event = 0;
        made = 0;
        if
        :: held -> hostWoken = true; held = false /* the time has come, or the count is reached */
        :: skip                                   /* held back a little longer */
        fi
     :: else ->
        cardWoken = false;
        /* arm: replies first need frames, then requests */
        inTailEvent = taken;
        inTailSeen = inTail;
        none = (taken == inTailSeen);
        if
        :: none
        :: else ->
#ifndef BUG_NO_ROOM_ASKED
           /* armForFree(RESERVE) */
           do
           :: event = outHeadSeen;
              outHeadEvent = event;
              outHeadSeen = outHead;
              if
              :: ROOM >= RESERVE -> goto awake
              :: else ->
                 if
                 :: outHeadSeen == event -> break
                 :: else
                 fi
              fi
           od;
           event = 0
#else
           skip
#endif
        fi;
#ifndef BUG_HOLD_FORGOTTEN
        if
        :: held -> hostWoken = true; held = false; goto awake /* the hold's end is a deadline of the rest */
        :: else
        fi;
#endif
endrest:
        cardWoken;
awake:  event = 0; none = false
     fi
  od
}

/* Either side may rest when nothing is left to do; then every request has had all its replies. */
active proctype Watch() {
  timeout -> assert(answered == EXPECTED)
}

/* Weakly fair: once the program has asked for everything, everything is answered. */
ltl answers { <> (asked == REQUESTS) -> <> (answered == EXPECTED) }
