/*
 * A reset under traffic: the card cuts the list of replies while the host goes on polling it. The
 * card pushes replies, shows some of them, and cuts: it raises the floor, looks what was taken, counts the rest as destroyed, and
 * shows its head. The host rises to the floor, looks at the head, takes a reply, says so, and looks at the floor once more. Then
 * the card posts one more reply, which must arrive. Each BUG_… is a fault that must be found.
 *
 * models: src/i2o/queues/fifo/fifo.ts push showTo cut empty take claim rise look
 */
#ifndef PUSHED
#define PUSHED 4
#endif
#define LAST PUSHED
#define RUNNING (PUSHED + 1)

/* The words that both sides see: indices count up and do not wrap here. */
byte head, tail, floor;
bool got[RUNNING], destroyed[RUNNING];
bool impossible; /* a side saw an index that cannot be */
byte shown; /* the most the card had shown before the cut */

inline destroyFrom(first) {
  i = first;
  do
  :: i < PUSHED -> destroyed[i] = true; i++
  :: else -> break
  od;
  i = 0
}

active proctype Card() {
  byte i, seen;
  /* FifoHead.push and showTo: some are kept back by moderation */
  do
  :: head < PUSHED -> head = head + 1
  :: true -> break
  od;
  shown = head;
  /* FifoHead.cut */
#ifdef BUG_FLOOR_LAST
  seen = tail;
  destroyFrom(seen);
  head = PUSHED;
  floor = PUSHED;
#else
  floor = PUSHED;
  seen = tail;
  destroyFrom(seen);
  head = PUSHED;
#endif
  seen = 0;
  head = RUNNING
}

active proctype Host() {
  byte next, headSeen, risen, seen, entry;
end:
  do
  :: !got[LAST] ->
     /* FifoTail.empty: rise, then look */
     seen = floor;
     if
     :: seen > next -> next = seen; headSeen = seen; risen = seen
     :: else
     fi;
     if
     :: next == headSeen ->
        seen = head;
        if
#ifdef BUG_HEAD_IMPOSSIBLE
        :: seen < next -> impossible = true
#else
        :: seen < next -> if :: next == risen :: else -> impossible = true fi
#endif
        :: else -> headSeen = seen
        fi
     :: else
     fi;
     assert(!impossible);
     if
     :: next < headSeen ->
        entry = next;
        next++;
        /* FifoTail.claim: said, and looked at once more */
        tail = next;
#ifndef BUG_NO_SECOND_LOOK
        seen = floor;
        if
        :: seen > entry
        :: else -> got[entry] = true
        fi;
#else
        got[entry] = true;
#endif
        assert(!got[entry] || !destroyed[entry]);
        entry = 0
     :: else
     fi;
     seen = 0
  :: got[LAST] -> break
  od
}

/* When nobody can move any more: nothing that was destroyed was taken, and what came afterwards arrived. */
active proctype Watch() {
  byte i;
  timeout ->
  assert(got[LAST]);
  do
  :: i < PUSHED -> assert(!got[i] || !destroyed[i]); assert(!got[i] || i < shown); i++
  :: else -> break
  od
}

/* Weakly fair: what is posted behind a reset arrives. */
ltl arrives { <> got[LAST] }
