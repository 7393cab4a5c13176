/*
 * A card in plain C: what it takes to be brought up, and the socket class's streams, whose both ends are on this
 * card. It speaks the pipe protocol (docs/pipe.md) over standard input and output:
 *
 *   cc -O2 -Wall -Wextra -std=c11 -o card card.c && npx inic conform --exec ./card
 *
 * What it does not do (datagrams, batches, parameter groups, the other classes) it does not claim. This file has the
 * loop; the parts that it is put together from are by subject, in the order in which they build upon each other.
 */
#define _POSIX_C_SOURCE 200809L
#define INIC_PIPE_IO
#define INIC_SHARED_MEMORY
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "inic.h"

enum { FRAME_WORDS = 32, FRAMES = 1024, SOCKETS = 1024, BUFFERS = 8192, DEVICE = INIC_TID_FIRST_DEVICE, NOBODY = -1 };
#define GET(words, field) INIC_GET(words, INIC_##field)
#define PUT INIC_PUT
#define FUNCTION(request) ((request)[1] >> 24)

struct frame { uint32_t number, address, words[FRAME_WORDS]; };

static void die(const char *what) {
  fprintf(stderr, "card: %s\n", what);
  exit(1);
}

#include "reply.h"     /* answers of every form, which wait there for frames */
#include "pipe.h"      /* messages, and frames and memory that go by them */
#include "ring.h"      /* frames and memory in a file that both sides map */
#include "stream.h"    /* connections: transmit buffers to receive buckets */
#include "socket.h"    /* the socket class's messages */
#include "executive.h" /* bring-up, tables, claims */

/* In a ring no frame can be preserved: that claim, the last, is of the pipe alone. */
#define CLAIMS \
  "ExecStatusGet ExecOutboundInit ExecIopReset ExecHrtGet ExecSysTabSet ExecSysEnable ExecSysQuiesce ExecLctNotify " \
  "UtilNop UtilClaim UtilClaimRelease UtilEventRegister SocketCreate SocketBind SocketConnect SocketListen " \
  "SocketAcceptPost SocketSend SocketReceivePost SocketReceiveCredit SocketShutdown SocketClose SocketAbort " \
  "SocketOptionSet SocketOptionGet SocketStatusGet SocketNameGet"

enum { LOOKS = 20000 }; /* in vain, before it rests */
static int runs;        /* it works by itself, and not in turns alone */

/* Returns whether the frame was kept for the host. */
static int serve(const struct frame *frame) {
  const uint32_t *request = frame->words;
  struct inic_verdict verdict = inic_judge(request, FRAME_WORDS, iop_state, DEVICE, INIC_SOCKET_CLASS_ID);
  switch (verdict.fate) {
    case INIC_DROP: return 0;
    case INIC_UNDELIVERED: return undelivered(frame, verdict.code, verdict.severity), 1;
    case INIC_REFUSE: return refuse(request, verdict.code), 0;
    case INIC_MALFORMED:
      if (verdict.rule != NULL && verdict.rule->function == INIC_EXEC_OUTBOUND_INIT)
        outbound_init(request, verdict.code);
      if (iop_state != INIC_IOP_STATE_RESET) malformed(request, verdict.code, verdict.byte);
      return 0;
    default:
      if (verdict.rule->class_id == INIC_UTILITY_CLASS_ID) utility(request);
      else if (verdict.rule->class_id == INIC_SOCKET_CLASS_ID) socket_message(request, verdict.rule);
      else executive(request);
      return 0;
  }
}

/* Serves what has come, moves what can be moved, and answers. Returns how many requests were served. */
static int work(void) {
  int count = 0, told;
  for (struct frame *frame; (frame = region != NULL ? ring_take() : pipe_take()) != NULL; count++) {
    int kept = serve(frame);
    if (region == NULL) pipe_done(frame, kept);
  }
  if (count > 0) streams_move(), answer_closes();
  told = region != NULL ? ring_answer() : pipe_answer();
  if (told) say(INIC_PIPE_INTERRUPT, NULL, 0, NULL, 0);
  inic_pipe_flush(&front);
  return count;
}

/* Until the front-end has something to say: works, and after so many looks in vain asks to be told, and rests. */
static void run(void) {
  for (int looks = 0; looks < LOOKS || ring_more(); looks++)
    if (work() > 0) looks = 0;
}

static void turn(void) {
  uint32_t never[2] = {0xffffffff, 0xffffffff};
  do work();
  while (region != NULL && ring_more());
  say(INIC_PIPE_REST, never, 2, NULL, 0);
}

static void greet(void) {
  uint32_t features = INIC_PIPE_FEATURE_SHARED_MEMORY | INIC_PIPE_FEATURE_FREE_RUNNING;
  uint32_t ready[2] = {INIC_PIPE_VERSION, front.body[INIC_PIPE_HELLO_FEATURES] & features};
  const char *claims = ready[1] == 0 ? CLAIMS " preserve" : CLAIMS;
  if (front.body[INIC_PIPE_HELLO_ROLE] != INIC_PIPE_ROLE_CARD) die("this is a card");
  runs = (ready[1] & INIC_PIPE_FEATURE_FREE_RUNNING) != 0;
  say(INIC_PIPE_READY, ready, 2, claims, strlen(claims));
}

static void begin(void) {
  memcpy(settings, front.body, sizeof settings);
  if (SETTING(INBOUND_FRAMES) > FRAMES || SETTING(OUTBOUND_FRAMES) > FRAMES || SETTING(SOCKETS) > SOCKETS ||
      SETTING(RECEIVE_BUCKETS) > BUFFERS || SETTING(TRANSMIT_BUFFERS) + SETTING(IMMEDIATE_SLOTS) > BUFFERS)
    die("this card is too small for these settings");
  pipe_begin();
  power_on();
}

int main(void) {
  for (;;) {
    if (runs && region != NULL) run();
    if (!inic_pipe_flush(&front) || !inic_pipe_receive(&front)) return 0;
    switch (front.type) {
      case INIC_PIPE_HELLO: greet(); break;
      case INIC_PIPE_BEGIN: begin(); break;
      case INIC_PIPE_MEMORY: ring_map(); break;
      case INIC_PIPE_FRAME: pipe_arrive(); break;
      case INIC_PIPE_DOORBELL: pipe_doorbell(); break;
      case INIC_PIPE_RELEASE: pipe_lent(); break;
      case INIC_PIPE_TURN: turn(); break;
      case INIC_PIPE_END: return 0;
    }
  }
}
