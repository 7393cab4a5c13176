// What messages between two threads cost in native code, to hold the message layer against: a ring of frames
// with one producer and one consumer in each direction, as src/i2o/queues/ring has them, and no more. Each
// end keeps the other's index as it last saw it; a frame's payload is written and read whole.
//
//   ring rr SECONDS [hints]       a frame there, an echo of its payload back, one at a time
//   ring stream SECONDS [hints]   frames there, published and released 64 at a time
//
// With "hints" an end that publishes also looks whether the other has asked to be notified, as it must where
// the other may sleep: the index is stored, and only then is the request read, so each publication waits
// until all its stores are seen. That is the one thing in which a ring that only ever polls has less to do.
//
// Prints the operations, their time in nanoseconds, and a sum over what was read, by which the optimiser must
// leave nothing out. Exit status 1 when a frame was not what was sent.
#include <sched.h>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace {

constexpr uint32_t kFrames = 1024;
constexpr uint32_t kWords = 16;
constexpr uint32_t kBatch = 64;
constexpr uint32_t kStop = 0xffffffff;
constexpr uint32_t kNever = 0xffffffff;

bool hints = false;

// Makes an index visible, and with hints looks whether somebody wants to hear of it.
void show(std::atomic<uint32_t>& index, const std::atomic<uint32_t>& event, uint32_t next) {
  if (!hints) {
    index.store(next, std::memory_order_release);
    return;
  }
  index.store(next, std::memory_order_seq_cst);
  if (event.load(std::memory_order_seq_cst) == next) std::abort();
}

struct alignas(64) Frame {
  uint32_t words[kWords];
};

// Indices lie on pairs of cache lines of their own, since processors fetch lines in pairs. An end asks to be
// notified by its event; here none ever does.
struct Ring {
  alignas(128) std::atomic<uint32_t> tail{0};
  alignas(128) std::atomic<uint32_t> head{0};
  alignas(128) std::atomic<uint32_t> tailEvent{kNever};
  alignas(128) std::atomic<uint32_t> headEvent{kNever};
  alignas(128) Frame frames[kFrames];
};

class Producer {
 public:
  explicit Producer(Ring& ring) : ring_(ring) {}

  Frame& acquire() {
    while (next_ - headSeen_ >= kFrames) headSeen_ = ring_.head.load(std::memory_order_acquire);
    return ring_.frames[next_ % kFrames];
  }
  void post() { ++next_; }
  void publish() { show(ring_.tail, ring_.tailEvent, next_); }

 private:
  Ring& ring_;
  uint32_t next_ = 0;
  uint32_t headSeen_ = 0;
};

class Consumer {
 public:
  explicit Consumer(Ring& ring) : ring_(ring) {}

  const Frame* receive() {
    if (next_ == tailSeen_) tailSeen_ = ring_.tail.load(std::memory_order_acquire);
    return next_ == tailSeen_ ? nullptr : &ring_.frames[next_ % kFrames];
  }
  const Frame& await() {
    const Frame* frame;
    while ((frame = receive()) == nullptr) {
    }
    return *frame;
  }
  void release() { ++next_; }
  void publish() { show(ring_.head, ring_.headEvent, next_); }

 private:
  Ring& ring_;
  uint32_t next_ = 0;
  uint32_t tailSeen_ = 0;
};

Ring there;
Ring back;

void fill(Frame& frame, uint32_t sequence) {
  for (uint32_t i = 0; i < kWords; ++i) frame.words[i] = sequence + i;
}

uint64_t sumOf(const Frame& frame) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < kWords; ++i) sum += frame.words[i];
  return sum;
}

// The two threads have a core each where the process may use two, as the card's and its program's have.
const cpu_set_t allowed = [] {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  return set;
}();

void pin(bool last) {
  if (CPU_COUNT(&allowed) < 2) return;
  int chosen = -1;
  for (int core = 0; core < CPU_SETSIZE && (chosen < 0 || last); ++core) {
    if (CPU_ISSET(core, &allowed)) chosen = core;
  }
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(chosen, &one);
  sched_setaffinity(0, sizeof one, &one);
}

void echo() {
  pin(true);
  Consumer in(there);
  Producer out(back);
  for (;;) {
    const Frame& request = in.await();
    Frame& reply = out.acquire();
    std::memcpy(&reply, &request, sizeof reply);
    const bool stop = request.words[0] == kStop;
    in.release();
    in.publish();
    out.post();
    out.publish();
    if (stop) return;
  }
}

void sink(uint64_t* sum) {
  pin(true);
  Consumer in(there);
  for (uint32_t taken = 1;; ++taken) {
    const Frame& frame = in.await();
    const bool stop = frame.words[0] == kStop;
    *sum += sumOf(frame);
    in.release();
    if (stop || taken % kBatch == 0) in.publish();
    if (stop) return;
  }
}

using Clock = std::chrono::steady_clock;

int64_t since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

int print(uint64_t operations, int64_t elapsedNs, uint64_t sum, bool right) {
  std::printf("{\"operations\":%llu,\"elapsedNs\":%lld,\"sum\":%llu}\n",
              static_cast<unsigned long long>(operations), static_cast<long long>(elapsedNs),
              static_cast<unsigned long long>(sum));
  return right ? 0 : 1;
}

int roundTrips(int64_t limitNs) {
  std::thread other(echo);
  Producer out(there);
  Consumer in(back);
  uint64_t sum = 0;
  uint64_t expected = 0;
  uint32_t sequence = 0;
  const auto trip = [&](uint32_t first) {
    fill(out.acquire(), first);
    out.post();
    out.publish();
    sum += sumOf(in.await());
    in.release();
    in.publish();
  };
  const auto start = Clock::now();
  while (since(start) < limitNs) {
    for (uint32_t i = 0; i < kBatch; ++i, ++sequence) {
      trip(sequence % kFrames);
      expected += uint64_t{kWords} * (sequence % kFrames) + kWords * (kWords - 1) / 2;
    }
  }
  const int64_t elapsedNs = since(start);
  const bool right = sum == expected;
  trip(kStop);
  other.join();
  return print(sequence, elapsedNs, sum, right);
}

int stream(int64_t limitNs) {
  uint64_t sum = 0;
  std::thread other(sink, &sum);
  Producer out(there);
  uint64_t frames = 0;
  uint64_t expected = 0;
  const auto start = Clock::now();
  while (since(start) < limitNs) {
    for (uint32_t round = 0; round < 64; ++round) {
      for (uint32_t i = 0; i < kBatch; ++i) {
        fill(out.acquire(), i);
        out.post();
      }
      out.publish();
    }
    frames += 64 * kBatch;
    expected += 64 * (uint64_t{kWords} * (kBatch * (kBatch - 1) / 2) + kBatch * (kWords * (kWords - 1) / 2));
  }
  fill(out.acquire(), kStop);
  for (uint32_t i = 0; i < kWords; ++i) expected += static_cast<uint32_t>(kStop + i);
  out.post();
  out.publish();
  other.join();
  return print(frames, since(start), sum, sum == expected);
}

}  // namespace

int main(int argc, char** argv) {
  hints = argc == 4 && std::strcmp(argv[3], "hints") == 0;
  const double seconds = argc == 3 || hints ? std::atof(argv[2]) : 0;
  const int64_t limitNs = static_cast<int64_t>(seconds * 1e9);
  pin(false);
  if (limitNs > 0 && std::strcmp(argv[1], "rr") == 0) return roundTrips(limitNs);
  if (limitNs > 0 && std::strcmp(argv[1], "stream") == 0) return stream(limitNs);
  std::fprintf(stderr, "expected: ring rr|stream SECONDS [hints]\n");
  return 2;
}
