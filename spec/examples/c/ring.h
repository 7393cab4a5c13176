/* The shared-memory form: frames in two rings, and all memory, in a file that both sides map. */

static uint8_t *requests, *answers; /* the two rings */
static uint32_t taken, sent;        /* frames, counted from the start; a reset goes on counting */
static int broken;                  /* the host has written an index that cannot be */

/* Maps the file that Memory names; the one of the case before is let go. */
static void ring_map(void) {
  static size_t mapped;
  char *path = (char *)(front.body + INIC_PIPE_MEMORY_FIELDS), *end = (char *)front.body + front.bytes;
  while (end > path && end[-1] == ' ') end--;
  *end = 0;
  if (region != NULL) munmap(region, mapped);
  int fd = open(path, O_RDWR);
  region = mmap(NULL, mapped = SETTING(REGION_BYTES), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (region == MAP_FAILED) die("cannot map the region");
  close(fd);
  requests = region + front.body[INIC_PIPE_MEMORY_INBOUND_RING];
  answers = region + front.body[INIC_PIPE_MEMORY_OUTBOUND_RING];
  taken = sent = broken = 0;
}

/* The next request, read once; NULL when there is none. None can be kept without all that are behind it. */
static struct frame *ring_take(void) {
  static struct frame frame;
  uint32_t count = inic_ring_load(requests, INIC_RING_TAIL) - taken;
  broken |= count > SETTING(INBOUND_FRAMES);
  if (count == 0 || broken) return NULL;
  frame.address = 0xffffffff;
  memcpy(frame.words, inic_ring_frame(requests, SETTING(INBOUND_FRAMES), taken++), sizeof frame.words);
  return &frame;
}

static void ring_restart(void) { taken = inic_ring_load(requests, INIC_RING_TAIL); } /* what was posted is destroyed */

/* Posts what has room, and releases what was served. Returns whether the host wants to be told. */
static int ring_answer(void) {
  uint32_t capacity = SETTING(OUTBOUND_FRAMES), head = inic_ring_load(answers, INIC_RING_HEAD);
  for (; reply_head != reply_tail && sent - head < capacity; reply_head++)
    memcpy(inic_ring_frame(answers, capacity, sent++), replies[reply_head % REPLIES], FRAME_WORDS * 4);
  int told = inic_ring_publish(answers, INIC_RING_TAIL, INIC_RING_TAIL_EVENT, sent);
  return inic_ring_publish(requests, INIC_RING_HEAD, INIC_RING_HEAD_EVENT, taken) | told;
}

/* About to rest: asks to be told of what comes next. Returns whether something has come meanwhile. */
static int ring_more(void) {
  int more = inic_ring_arm(requests, INIC_RING_TAIL, INIC_RING_TAIL_EVENT, taken);
  if (broken || reply_head == reply_tail) return more && !broken;
  return inic_ring_arm(answers, INIC_RING_HEAD, INIC_RING_HEAD_EVENT, sent - SETTING(OUTBOUND_FRAMES)) | more;
}
