/*
 * I2O's messaging unit (I2O 1.5): four FIFOs of message frame addresses and the life of every frame between them. Reading a
 * port takes an address or answers EMPTY; writing one pushes an address. The host takes an inbound frame, posts it or posts it
 * as a NOP; the card answers each request with one outbound frame and gives the inbound frame back, or cannot deliver it: then
 * it answers with a failure record, and the frame stays preserved until the host has posted it again as a NOP; one taken and
 * not used is kept for the next request, a second one goes back as a NOP.
 *
 * The notification is the code's. The card gathers what it pushes, frames and replies, and shows each list at once by one
 * store of its head; only then it loads the mask, and tells the host if the level has gone up by this batch: the entry before
 * its first is taken, its first is not, each by a load of the tail unless an earlier one has said so. The host masks at the
 * first reply that it takes after a rest; before one it unmasks and looks at the level. What the host writes is seen at once;
 * it rings if the card has unmasked, which compare-and-exchange masks again. Each side has a word to ask for free frames with.
 *
 * INBOUND and OUTBOUND frames, REQUESTS requests. `place` follows each frame, so that a frame in two places, or in none, is
 * an assertion that fails where it happens. Rests have no time-out. Each BUG_… is a fault that must be found.
 *
 * models: src/i2o/queues/fifo/card-producer.ts publishTo armForFree acquire post
 * models: src/i2o/queues/fifo/card-consumer.ts publishTo arm receive release preserve
 * models: src/i2o/queues/fifo/host-producer.ts acquire post cancel armForFree
 * models: src/i2o/queues/fifo/host-consumer.ts receive release arm
 * models: src/i2o/queues/fifo/fifo-port.ts interrupted readStatus askForFrame asksForFrame
 * models: src/i2o/queues/fifo/fifo.ts showTo taken look claim
 * models: src/iop/run/processor.ts takeRequests arm
 * models: src/osm/kernel/driver.ts look arm wait
 */
#ifndef INBOUND
#define INBOUND 2
#endif
#ifndef OUTBOUND
#define OUTBOUND 2
#endif
#ifndef REQUESTS
#define REQUESTS 3
#endif
#define SIZE 4 /* entries of each FIFO: all four the same */
#define NOP 0
#define NONE 255

mtype = { FREE, HOST, POSTED, CARD, PRESERVED };

/* What each list shows. Pushed and not shown yet, of the card: the two behind them. */
chan inboundFree = [SIZE] of { byte };
chan inboundPost = [SIZE] of { byte };
chan outboundPost = [SIZE] of { byte };
chan outboundFree = [SIZE] of { byte };
chan freed = [SIZE] of { byte };
chan replied = [SIZE] of { byte };
mtype inPlace[INBOUND], outPlace[OUTBOUND];
/* What a frame holds: a request's number, or NOP. */
byte request[INBOUND];
/* What a reply holds: the number it answers, and the address of the frame preserved, counted from 1; 0 for none. */
byte reply[OUTBOUND], preserved[OUTBOUND];

bool masked = true;          /* the outbound interrupt mask, the host's */
bool inMasked = true;        /* the inbound one, the card's */
bool hostWaits, cardWaits;   /* a side asks to be told of a free frame */
bool hostWoken, cardWoken;
byte taken;                  /* the tail of the outbound post list: replies that the host has taken */
byte asked, answered;
byte kept = NONE; /* an inbound frame the host keeps for the next request */

#define SHOW(from, to) do :: from?moved -> to!moved :: empty(from) -> break od; moved = 0

/* HostPort.writeInbound, showInbound, interrupted */
inline pushInboundPost(mfa) {
  d_step {
    assert(nfull(inboundPost));
    inPlace[mfa] = POSTED;
    inboundPost!mfa
  }
  if
  :: !inMasked ->
     atomic {
       if
       :: !inMasked -> inMasked = true; cardWoken = true
       :: else
       fi
     }
  :: else
  fi
}

/* HostPort.writeOutbound, showOutbound, interrupted */
inline lend(out) {
  d_step {
    outPlace[out] = FREE;
    outboundFree!out
  }
  if
  :: cardWaits ->
     atomic {
       if
       :: cardWaits -> cardWaits = false; cardWoken = true
       :: else
       fi
     }
  :: else
  fi
}

proctype Host() {
  byte mfa, out;
  bool waiting;        /* a request found no frame: Requests.short */
  bool unmasked;       /* not FifoHostConsumer.masked */
  byte next = 1;
end:
  do
  :: next <= REQUESTS && !waiting ->
     if
     :: atomic { kept != NONE -> mfa = kept; kept = NONE }; goto acquired
     :: atomic { kept == NONE && nempty(inboundFree) -> inboundFree?mfa; assert(inPlace[mfa] == FREE); inPlace[mfa] = HOST };
acquired:
        if
        :: d_step { request[mfa] = next; next++; asked++ };
           pushInboundPost(mfa)
        :: atomic { kept == NONE && nempty(inboundFree) -> /* two are read ahead; the caller thinks better of it, twice */
             kept = mfa; inboundFree?mfa; inPlace[mfa] = HOST }
#ifndef BUG_CANCEL_LEAKS
           request[mfa] = NOP;
           pushInboundPost(mfa)
#endif
        :: kept = mfa
        fi;
        mfa = 0
     :: kept == NONE && empty(inboundFree) -> waiting = true
     fi
  :: true ->
     if
     :: atomic { outboundPost?out -> taken++; assert(outPlace[out] == POSTED); outPlace[out] = HOST }
        if
        :: unmasked -> unmasked = false; masked = true
        :: else
        fi;
#ifdef BUG_RETURN_BEFORE_READ
        lend(out);
#endif
        d_step {
          answered++;
          assert(reply[out] == answered) /* none lost, none twice, in order */
        }
        if
        :: preserved[out] != 0 ->
           mfa = preserved[out] - 1;
#ifndef BUG_NO_NOP
           d_step { assert(inPlace[mfa] == PRESERVED); request[mfa] = NOP }
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
        lend(out);
#endif
#endif
        out = 0;
        if
        :: waiting && nempty(inboundFree) -> waiting = false /* Driver.chores */
        :: else
        fi
     :: empty(outboundPost) ->
        if
        :: waiting && nempty(inboundFree) -> waiting = false; goto awake /* Driver.resume */
        :: else
        fi;
        hostWoken = false; /* Sleeper.prepare */
        d_step { unmasked = true; masked = false }
#ifndef BUG_UNMASK_ONLY
        if
        :: nempty(outboundPost) -> goto awake
        :: empty(outboundPost) -> skip
        fi;
#endif
        if
        :: waiting ->
again:     hostWaits = true;
#ifndef BUG_WAIT_ONLY
           if
           :: nempty(inboundFree) -> waiting = false; goto awake
           :: empty(inboundFree)
           fi;
           if
           :: !hostWaits -> goto again
           :: else
           fi
#endif
        :: else
        fi;
endrest:/* the program may call again at any time, unless it waits for a frame */
        hostWoken || (!waiting && next <= REQUESTS);
awake:  skip
     fi
  od
}

/* FifoCardConsumer.give */
inline giveBack(mfa) {
  assert(nfull(freed));
  inPlace[mfa] = FREE;
  freed!mfa
}

/* FifoCardConsumer.publishTo */
inline publishReleases() {
  if
  :: nempty(freed) ->
     d_step { SHOW(freed, inboundFree) }
     if
     :: hostWaits ->
        atomic {
          if
          :: hostWaits -> hostWaits = false; hostWoken = true
          :: else
          fi
        }
     :: else
     fi
  :: empty(freed)
  fi
}

/* FifoCardProducer.publishTo and FifoHead.taken */
inline publishReplies() {
  if
  :: nempty(replied) ->
     before = shown;
#ifdef BUG_LEVEL_BEFORE_SHOW
     tailSeen = taken;
#endif
     d_step { shown = shown + len(replied); SHOW(replied, outboundPost) }
     if
     :: !masked ->
#ifdef BUG_EDGE_OF_LAST
        before = shown - 1;
#endif
        if
        :: tailSeen >= before
        :: else ->
#ifndef BUG_LEVEL_BEFORE_SHOW
           tailSeen = taken
#else
           skip
#endif
        fi;
        if
        :: tailSeen >= before ->
           if
           :: tailSeen > before
           :: else ->
#ifndef BUG_LEVEL_BEFORE_SHOW
              tailSeen = taken
#else
              skip
#endif
           fi;
           if
           :: tailSeen > before
           :: else -> hostWoken = true
           fi
        :: else
        fi
     :: else
     fi;
     before = 0
  :: empty(replied)
  fi
}

proctype Card() {
  byte mfa, out, number, moved;
  byte shown, tailSeen, before;
  bool unmasked;
end:
  do
  :: nempty(inboundPost) && nempty(outboundFree) ->
     atomic { inboundPost?mfa; assert(inPlace[mfa] == POSTED); inPlace[mfa] = CARD }
     if
     :: unmasked -> unmasked = false; inMasked = true
     :: else
     fi;
#ifdef BUG_FREE_BEFORE_READ
     giveBack(mfa);
     publishReleases();
#endif
     number = request[mfa];
     if
     :: number == NOP ->
#ifndef BUG_FREE_BEFORE_READ
        d_step { giveBack(mfa) }
#else
        skip
#endif
     :: else ->
        atomic {
          outboundFree?out;
          assert(outPlace[out] == FREE);
          outPlace[out] = CARD;
          reply[out] = number;
          preserved[out] = 0
        }
        if
        :: true -> /* delivered */
#ifndef BUG_FREE_BEFORE_READ
           d_step { giveBack(mfa) }
#else
           skip
#endif
#ifndef BUG_FREE_BEFORE_READ
        :: true -> /* cannot be delivered */
           d_step {
             preserved[out] = mfa + 1;
             inPlace[mfa] = PRESERVED
#ifdef BUG_PRESERVED_FREED
             ;
             giveBack(mfa)
#endif
           }
#endif
        fi;
        d_step { outPlace[out] = POSTED; replied!out; out = 0 }
     fi;
     d_step { mfa = 0; number = 0 }
     if
     :: publishReleases(); publishReplies() /* the turn ends */
     :: true /* it looks for another request first */
     fi
#ifdef BUG_REPLY_DROPPED
  :: nempty(inboundPost) && empty(outboundFree) ->
     atomic { inboundPost?mfa; giveBack(mfa); mfa = 0 }
     publishReleases()
#endif
  :: empty(inboundPost) || empty(outboundFree) ->
     publishReleases();
#ifndef BUG_REST_UNSHOWN
     publishReplies();
#endif
     cardWoken = false;
     d_step { unmasked = true; inMasked = false }
#ifndef BUG_CARD_LOOKS_ONCE
     if
     :: nempty(inboundPost) ->
once:   cardWaits = true;
        if
        :: nempty(outboundFree) -> goto awake
        :: empty(outboundFree)
        fi;
        if
        :: !cardWaits -> goto once
        :: else
        fi
     :: empty(inboundPost)
     fi;
#endif
endrest:
     cardWoken;
awake:
     skip
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
