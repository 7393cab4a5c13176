/*
 * A card's thread at rest, and all that ends its rest: a doorbell it has asked for by the ring's event index; a frame that
 * another thread puts into a cable, or room that it makes in one, and neither asks; and the request to stop. The first wakes by
 * the futex's count in any case; the others only where the thread has said in a word of its own that it prepares to rest. Room
 * is asked for before that, by a packet that found too little, so it is asked for once more, and looked for, on the way to the rest.
 * The rest has no time-out.
 *
 * REQUESTS by the host, FRAMES by the wire; PACKETS to send into a cable that has room for one at a time. Each BUG_… is a fault that
 * must be found.
 *
 * models: src/time/sleeper.ts prepare sleep wake wakeIfResting
 * models: src/time/run-loop.ts runLoop turns
 * models: src/iop/run/processor.ts arm nextDeadlineNs
 * models: src/wire/cable.ts awaitRoom room commit give nextArrivalNs
 * models: src/hdm/nic.ts claim poll nextDeadlineNs
 * models: src/wire/splitter.ts wireHasRoom nextDeadlineNs
 * models: src/world/thread/site-thread.ts askStop
 * models: src/i2o/doorbell.ts ring
 * models: src/i2o/queues/ring/ring.ts publishTo arm
 */
#ifndef REQUESTS
#define REQUESTS 1
#endif
#ifndef FRAMES
#define FRAMES 2
#endif
#ifndef PACKETS
#define PACKETS 2
#endif
#ifndef SLOTS
#define SLOTS 1 /* of the cable that the card sends into */
#endif

/* The futex's count, and RESTS. */
byte count;
bool rests;
byte inTail, inTailEvent; /* the host's requests */
byte arrived;             /* SENT_TAIL of the cable in */
byte sent, freed;         /* SENT_TAIL and FREED_TAIL of the cable out */
bool wanted;              /* ROOM_WANTED */
bool stop, stopped;
byte served, landed;

/* FutexWaker.wakeIfResting: an exchange, and the wake-up if it was set. */
inline wakeIfResting() {
#ifdef BUG_LOADED_NOT_EXCHANGED
  if
  :: rests -> count++; rests = false
  :: else
  fi
#else
  atomic {
    was = rests;
    rests = false
  }
  if
  :: was -> count++
  :: else
  fi;
  was = false
#endif
}

active proctype Host() {
  byte posted;
  do
  :: posted < REQUESTS ->
     posted++;
     inTail = posted;
     if
     :: inTailEvent == posted - 1 -> count++
     :: else
     fi
  :: posted == REQUESTS -> break
  od
}

active proctype WireIn() {
  byte put;
  bool was;
  do
  :: put < FRAMES -> put++; arrived = put; wakeIfResting()
  :: put == FRAMES -> break
  od
}

/* The other end of the cable out: it gives each slot back, and tells a source that waits. */
active proctype Sink() {
  bool was;
end:
  do
  :: freed < sent ->
     freed++;
     if
     :: wanted -> wanted = false; wakeIfResting()
     :: else
     fi
  od
}

/* Whoever stops the card, once it has done all. */
active proctype Stop() {
  served == REQUESTS && landed == FRAMES && sent == PACKETS -> stop = true;
  count++
}

/* FutexSleeper.prepare: a wake-up that takes RESTS back is seen in the count, whenever it comes. */
inline prepare() {
#ifdef BUG_RESTS_FIRST
  rests = true;
  seen = count
#else
  seen = count;
#ifndef BUG_RESTS_LATE
  rests = true
#else
  skip
#endif
#endif
}

active proctype Card() {
  byte seen, given;
  bool found, noRoom;
end:
  do
  :: stop -> stopped = true; break
  :: else ->
     /* A turn: requests, frames, and what is to be sent. */
     found = false;
     if
     :: inTail > served -> served++; found = true
     :: else
     fi;
     if
     :: arrived > landed -> landed++; found = true
     :: else
     fi;
     noRoom = false;
     if
     :: sent < PACKETS -> /* Nic.claim */
        given = freed;
        if
        :: sent - given < SLOTS -> sent++; found = true
        :: else ->
           wanted = true;
           given = freed;
           if
           :: sent - given < SLOTS -> sent++; found = true
           :: else -> noRoom = true
           fi
        fi
     :: else
     fi;
     if
     :: found
     :: else ->
#ifndef BUG_PREPARE_LATE
        prepare();
#endif
#ifndef BUG_STOP_UNSEEN
        if
        :: stop -> stopped = true; break
        :: else
        fi;
#endif
        inTailEvent = served;
        if
        :: inTail > served -> goto awake
        :: else
        fi;
        if
        :: arrived > landed -> goto awake
        :: else
        fi;
#ifndef BUG_ROOM_ASKED_ONCE
        if
        :: noRoom -> /* Nic.nextDeadlineNs */
           wanted = true;
           given = freed;
           if
           :: sent - given < SLOTS -> goto awake
           :: else
           fi
        :: else
        fi;
#endif
#ifdef BUG_PREPARE_LATE
        prepare();
#endif
#ifdef BUG_RESTS_LATE
        rests = true;
#endif
        count != seen; /* Atomics.wait: it returns at once where the count has moved */
awake:  seen = 0
     fi;
     given = 0
  od
}

/* When nobody can take a step any more, all is done. */
active proctype Watch() {
  timeout -> assert(stopped && served == REQUESTS && landed == FRAMES && sent == PACKETS)
}

/* Weakly fair: the card does all that comes, and stops when it is asked to. */
ltl stops { <> stopped }
