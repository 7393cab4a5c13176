/*
 * I2O's messaging unit (I2O 1.5; src/i2o/queues/fifo/): four FIFOs of message frame addresses and the life of every
 * frame between them. Reading a port takes an address or answers EMPTY; writing one pushes an address. The host takes an
 * inbound frame, posts it or posts it as a NOP; the card answers each request with one outbound frame and gives the inbound
 * frame back, or cannot deliver it: then it answers with a failure record, and the frame stays preserved until the host has
 * posted it again as a NOP; one taken and not used is kept for the next request, a second one goes back as a NOP. The outbound
 * interrupt is a level, on while the outbound post list is not empty, behind a mask; the card tells the host only when it
 * goes up, and whoever clears the mask looks at the level. Each side has a word to ask for free frames with.
 *
 * INBOUND and OUTBOUND frames, REQUESTS requests. `place` follows each frame, so that a frame in two places, or in none, is
 * an assertion that fails where it happens. Rests have no time-out. Each BUG_… is a fault that must be found.
 */
#ifndef INBOUND
#define INBOUND 2
#endif
#ifndef OUTBOUND
#define OUTBOUND 2
#endif
#ifndef REQUESTS
#define REQUESTS 4
#endif
#define SIZE 4 /* entries of each FIFO: all four the same */
#define NOP 0
#define NONE 255

mtype = { FREE, HOST, POSTED, CARD, PRESERVED };

chan inboundFree = [SIZE] of { byte };
chan inboundPost = [SIZE] of { byte };
chan outboundPost = [SIZE] of { byte };
chan outboundFree = [SIZE] of { byte };
mtype inPlace[INBOUND], outPlace[OUTBOUND];
/* What a frame holds: a request's number, or NOP. */
byte request[INBOUND];
/* What a reply holds: the number it answers, and the address of the frame preserved, counted from 1; 0 for none. */
byte reply[OUTBOUND], preserved[OUTBOUND];

bool masked = true;          /* the outbound interrupt mask, the host's */
bool hostWaits, cardWaits;   /* a side asks to be told of a free frame */
bool hostWoken, cardWoken;
bool cardRests;              /* whether the inbound interrupt is wanted */
byte asked, answered;
byte kept = NONE; /* an inbound frame the host keeps for the next request */

inline interrupt() { hostWoken = true }
inline doorbell() { cardWoken = true }

inline pushInboundPost(mfa) {
  assert(nfull(inboundPost));
  inPlace[mfa] = POSTED;
  inboundPost!mfa;
  if
  :: cardRests -> cardRests = false; doorbell()
  :: else
  fi
}

proctype Host() {
  byte mfa, out;
  bool waiting;
  byte next = 1;
end:
  do
  :: next <= REQUESTS ->
     if
     :: kept != NONE -> mfa = kept; kept = NONE; goto acquired
     :: kept == NONE && nempty(inboundFree) ->
        inboundFree?mfa;
        assert(inPlace[mfa] == FREE);
acquired:
        waiting = false;
        inPlace[mfa] = HOST;
        if
        :: request[mfa] = next;
           next++;
           asked++;
           pushInboundPost(mfa)
        :: kept == NONE && nempty(inboundFree) -> /* two are read ahead; the caller thinks better of it, twice */
           kept = mfa;
           inboundFree?mfa;
           inPlace[mfa] = HOST;
#ifndef BUG_CANCEL_LEAKS
           request[mfa] = NOP;
           pushInboundPost(mfa)
#else
           skip
#endif
        :: kept = mfa
        fi;
        mfa = 0
     :: kept == NONE && empty(inboundFree) -> waiting = true; goto poll
     fi
  :: true ->
poll:
     if
     :: outboundPost?out ->
        assert(outPlace[out] == POSTED);
        outPlace[out] = HOST;
#ifdef BUG_RETURN_BEFORE_READ
        outPlace[out] = FREE;
        outboundFree!out;
#endif
        answered++;
        assert(reply[out] == answered); /* none lost, none twice, in order */
        if
        :: preserved[out] != 0 ->
           mfa = preserved[out] - 1;
#ifndef BUG_NO_NOP
           assert(inPlace[mfa] == PRESERVED);
           request[mfa] = NOP;
#ifdef BUG_NOP_WRONG_FIFO
           assert(nfull(outboundFree));
           outboundFree!mfa;
#else
           pushInboundPost(mfa);
#endif
#endif
           mfa = 0
        :: else
        fi;
#ifndef BUG_RETURN_BEFORE_READ
#ifndef BUG_NOT_RETURNED
        outPlace[out] = FREE;
        outboundFree!out;
#endif
#endif
        out = 0;
        if
        :: cardWaits -> cardWaits = false; doorbell()
        :: else
        fi
     :: empty(outboundPost) ->
        /* arm: unmask, ask for a frame if one is wanted, and look once more */
        hostWoken = false;
        masked = false;
        if
        :: waiting -> hostWaits = true
        :: else
        fi;
#ifndef BUG_UNMASK_ONLY
        if
        :: nempty(outboundPost) -> goto awake
        :: empty(outboundPost) -> skip
        fi;
#endif
#ifndef BUG_WAIT_ONLY
        if
        :: waiting && nempty(inboundFree) -> goto awake
        :: else
        fi;
#endif
endrest:/* the program may call again at any time, unless it waits for a frame */
        hostWoken || (!waiting && next <= REQUESTS);
awake:  masked = true;
        hostWaits = false
     fi
  od
}

inline giveBack(mfa) {
  assert(nfull(inboundFree));
  inPlace[mfa] = FREE;
  inboundFree!mfa;
  if
  :: hostWaits -> hostWaits = false; interrupt()
  :: else
  fi
}

proctype Card() {
  byte mfa, out, number;
#ifdef BUG_EDGE_BEFORE_PUSH
  bool wasEmpty;
#endif
end:
  do
  :: nempty(inboundPost) && nempty(outboundFree) ->
     inboundPost?mfa;
     assert(inPlace[mfa] == POSTED);
     inPlace[mfa] = CARD;
#ifdef BUG_FREE_BEFORE_READ
     giveBack(mfa);
#endif
     number = request[mfa];
     if
     :: number == NOP ->
#ifndef BUG_FREE_BEFORE_READ
        giveBack(mfa)
#else
        skip
#endif
     :: else ->
        outboundFree?out;
        assert(outPlace[out] == FREE);
        outPlace[out] = CARD;
        reply[out] = number;
        preserved[out] = 0;
        if
        :: true -> /* delivered: the frame is free before, or after, it is answered */
#ifndef BUG_FREE_BEFORE_READ
           giveBack(mfa)
#else
           skip
#endif
#ifndef BUG_FREE_BEFORE_READ
        :: true -> /* cannot be delivered */
           preserved[out] = mfa + 1;
           inPlace[mfa] = PRESERVED;
#ifdef BUG_PRESERVED_FREED
           giveBack(mfa)
#endif
#endif
        fi;
        outPlace[out] = POSTED;
#ifdef BUG_EDGE_BEFORE_PUSH
        wasEmpty = empty(outboundPost);
#endif
        outboundPost!out;
        /* the mask, then whether the level went up just now: all earlier entries taken, this one not */
        if
        :: !masked ->
#ifdef BUG_EDGE_BEFORE_PUSH
           if
           :: wasEmpty -> interrupt()
           :: else
           fi
#else
           if
           :: len(outboundPost) == 1 -> interrupt()
           :: else
           fi
#endif
        :: else
        fi;
        out = 0
     fi;
     mfa = 0;
     number = 0
#ifdef BUG_REPLY_DROPPED
  :: nempty(inboundPost) && empty(outboundFree) ->
     inboundPost?mfa;
     inPlace[mfa] = CARD;
     giveBack(mfa);
     mfa = 0
#endif
  :: empty(inboundPost) || empty(outboundFree) ->
     cardWoken = false;
     cardRests = true;
     cardWaits = true;
#ifndef BUG_CARD_LOOKS_ONCE
     if
     :: nempty(inboundPost) && nempty(outboundFree) -> goto awake
     :: else
     fi;
#endif
endrest:
     cardWoken;
awake:
     cardRests = false;
     cardWaits = false
  od
}

/* When nobody can take a step any more: everything is answered, and every credit is home. */
active proctype Watch() {
  byte i;
  timeout ->
  assert(answered == REQUESTS);
  assert(len(inboundFree) + (kept != NONE -> 1 : 0) == INBOUND);
  assert(len(outboundFree) == OUTBOUND);
  for (i : 0 .. INBOUND - 1) { assert(inPlace[i] == FREE || i == kept) }
  i = 0
}

init {
  byte i;
  atomic {
    for (i : 0 .. INBOUND - 1) { inPlace[i] = FREE; inboundFree!i }
    for (i : 0 .. OUTBOUND - 1) { outPlace[i] = FREE; outboundFree!i }
    i = 0;
    run Host();
    run Card()
  }
}

/* Weakly fair: once the program has asked for everything, everything is answered. */
ltl answers { <> (asked == REQUESTS) -> <> (answered == REQUESTS) }
