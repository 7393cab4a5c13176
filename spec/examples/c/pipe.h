/* The pipe: its messages, and frames and memory that go by them. */

static struct inic_pipe front = {.input = 0, .output = 1};
static uint32_t settings[INIC_PIPE_BEGIN_FIELDS]; /* of a case, as Begin brought them */
#define SETTING(name) settings[INIC_PIPE_BEGIN_##name]
static uint8_t *region; /* where the file is mapped; NULL: all goes by the pipe */

static void say(uint32_t type, const uint32_t *fields, size_t count, const void *tail, size_t length) {
  inic_pipe_say(&front, type, fields, count, tail, length);
}

static void memory_write(uint32_t address, const void *bytes, uint32_t length) {
  uint32_t fields[INIC_PIPE_MEMORY_WRITE_FIELDS] = {address, length};
  if (region != NULL) memcpy(region + address, bytes, length);
  else say(INIC_PIPE_MEMORY_WRITE, fields, INIC_PIPE_MEMORY_WRITE_FIELDS, bytes, length);
}

/* The answer comes next: the front-end says nothing else within our turn. */
static const void *memory_read(uint32_t address, uint32_t length) {
  uint32_t fields[INIC_PIPE_MEMORY_READ_FIELDS] = {address, length};
  if (region != NULL) return region + address;
  say(INIC_PIPE_MEMORY_READ, fields, INIC_PIPE_MEMORY_READ_FIELDS, NULL, 0);
  if (!inic_pipe_flush(&front) || !inic_pipe_receive(&front) || front.type != INIC_PIPE_MEMORY_DATA)
    die("memory was not brought");
  return front.body + INIC_PIPE_MEMORY_DATA_FIELDS;
}

/* Requests: those that have arrived, those of them that a doorbell has announced, and those that are served. */
static struct frame frames[FRAMES];
static uint32_t arrived, announced, served, released[FRAMES], released_count;
static uint32_t lent[FRAMES], lent_count; /* frames for answers */

static void pipe_begin(void) { arrived = announced = served = released_count = lent_count = 0; }
static void pipe_doorbell(void) { announced = arrived; }

static void pipe_arrive(void) {
  if (arrived == FRAMES) die("more frames came than there are");
  memcpy(&frames[arrived++], front.body, sizeof *frames);
}

/* The host lends us frames, or gives them back. */
static void pipe_lent(void) {
  uint32_t count = front.bytes / 4;
  if (lent_count + count > FRAMES) die("more frames were lent than there are");
  memcpy(lent + lent_count, front.body, count * 4);
  lent_count += count;
}

/* The next request; NULL when all are served. */
static struct frame *pipe_take(void) {
  if (served < announced) return &frames[served++];
  memmove(frames, frames + announced, (arrived -= announced) * sizeof *frames);
  announced = served = 0;
  return NULL;
}

/* A frame is released, unless the host is to fetch it, or a reset has given it back with all others. */
static void pipe_done(struct frame *frame, int kept) {
  if (!kept && served > 0) released[released_count++] = frame->number;
}

/* Sends what has a frame, and releases what was served. Returns whether there is something to be told of. */
static int pipe_answer(void) {
  int sent = 0;
  for (; reply_head != reply_tail && lent_count > 0; reply_head++, sent = 1) {
    uint32_t fields[INIC_PIPE_FRAME_FIELDS] = {lent[--lent_count], 0};
    say(INIC_PIPE_FRAME, fields, 2, replies[reply_head % REPLIES], FRAME_WORDS * 4);
  }
  if (released_count > 0) say(INIC_PIPE_RELEASE, NULL, 0, released, released_count * 4);
  released_count = 0;
  return sent;
}
