#include "modes/static/compression.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "modes/static/gzip.h"

namespace watchdog {

namespace {

constexpr size_t kSlice = 32 * 1024;  // about a millisecond's work

// No file can have this name, as it holds a NUL.
std::string cache_key(const std::string& name) {
  return name + std::string("\0gzip", 5);
}

}  // namespace

// One file on its way through gzip.
class Compression {
 public:
  Compression(Compressor& compressor, FilePointer source)
      : compressor_(compressor),
        source_(std::move(source)),
        next_slice_(compressor.loop_, [this] { on_slice(); }) {
    next_slice_.set_after(Duration::zero());
  }

  const File& source() const { return *source_; }
  void join(CompressionWait& wait) { waiting_.push_back(&wait); }
  void leave(CompressionWait& wait) { waiting_.remove(&wait); }
  bool wanted() const { return !waiting_.empty(); }

  // Each of those who wait may leave, taking others along, as soon as it is told.
  void tell(const FilePointer& result) {
    while (!waiting_.empty()) {
      CompressionWait* wait = waiting_.front();
      waiting_.pop_front();
      wait->done_(result);
    }
  }

 private:
  void on_slice() {
    const uint64_t size = source_->size();
    const std::string_view slice = read_slice();
    if (slice.empty()) return finish(nullptr);
    at_ += slice.size();
    const bool last = at_ == size;
    if (!gzip_.compress(slice, last, result_)) return finish(nullptr);
    if (!last) return next_slice_.set_after(Duration::zero());
    if (source_->descriptor && !is_unchanged(*source_)) return finish(nullptr);
    const bool gained = result_.size() < size - size / 20;
    const bool fits = compressor_.cache_.takes(result_.size() + cache_key("").size());
    result_.shrink_to_fit();
    finish(gained && fits ? make_compressed(*source_, std::move(result_))
                          : make_incompressible(*source_));
  }

  std::string_view read_slice() {
    if (!source_->descriptor) return std::string_view(source_->content).substr(at_, kSlice);
    space_.resize(std::min<uint64_t>(kSlice, source_->size() - at_));
    const ssize_t size =
        ::pread(source_->descriptor.get(), space_.data(), space_.size(), static_cast<off_t>(at_));
    return {space_.data(), size > 0 ? static_cast<size_t>(size) : 0};
  }

  void finish(FilePointer result) { compressor_.on_finished(*this, std::move(result)); }

  Compressor& compressor_;
  FilePointer source_;
  Gzip gzip_;
  std::string space_;
  std::string result_;
  uint64_t at_ = 0;
  Timer next_slice_;
  std::list<CompressionWait*> waiting_;
};

CompressionWait::CompressionWait(Compressor& compressor, std::string key, Done done)
    : compressor_(compressor), key_(std::move(key)), done_(std::move(done)) {}

// What nobody waits for any more is not worth finishing.
CompressionWait::~CompressionWait() {
  const auto found = compressor_.running_.find(key_);
  if (found == compressor_.running_.end()) return;
  found->second->leave(*this);
  if (found->second->wanted()) return;
  compressor_.loop_.retire(std::move(found->second));
  compressor_.running_.erase(found);
}

Compressor::Compressor(Loop& loop, FileCache& cache) : loop_(loop), cache_(cache) {}
Compressor::~Compressor() = default;

FilePointer Compressor::find(const std::string& name, const FileIdentity& now) {
  return cache_.find(cache_key(name), now);
}

bool Compressor::can_compress(const std::string& name, const File& source) const {
  if (source.size() < kLeast || source.size() > kMost || !cache_.takes(0)) return false;
  if (!source.identity.unchanging()) return false;  // it could not be kept
  const auto found = running_.find(cache_key(name));
  if (found == running_.end()) return running_.size() < kMostAtATime;
  return found->second->source().identity == source.identity;
}

std::unique_ptr<CompressionWait> Compressor::compress(const std::string& name, FilePointer source,
                                                      Done done) {
  auto wait = std::make_unique<CompressionWait>(*this, cache_key(name), std::move(done));
  auto& running = running_[wait->key_];
  if (!running) running = std::make_unique<Compression>(*this, std::move(source));
  running->join(*wait);
  return wait;
}

void Compressor::on_finished(Compression& compression, FilePointer result) {
  const auto found = std::ranges::find_if(
      running_, [&](const auto& entry) { return entry.second.get() == &compression; });
  const std::string key = found->first;
  auto finished = std::move(found->second);
  running_.erase(found);
  if (result) cache_.store(key, result);
  if (result && result->incompressible) result = nullptr;
  Compression& telling = *finished;
  telling.tell(result);
  loop_.retire(std::move(finished));
}

}  // namespace watchdog
