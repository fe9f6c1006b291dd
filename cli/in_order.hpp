/// @file Work on several threads whose results come out in the order in which it went in.
#pragma once
#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace imip::cli {

/// Calls next() until it gives nothing; workers[i], each on a thread of its own, turn an item into a result;
/// sink(result) is called in the order of the items. next() and sink() are called by this thread only. At most
/// a bounded number of items is under way, so memory does not grow with their number. What a worker throws is
/// thrown here.
template <typename Item, typename Out>
class InOrder {
 public:
  using Worker = std::function<Out(Item)>;

  explicit InOrder(std::vector<Worker> workers) : most_(workers.size() * 16)
  {
    for (Worker& worker : workers)
      threads_.emplace_back([this, work = std::move(worker)] { serve(work); });
  }
  InOrder(const InOrder&) = delete;
  InOrder& operator=(const InOrder&) = delete;
  ~InOrder()
  {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      items_.clear();
    }
    work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void run(const std::function<std::optional<Item>()>& next, const std::function<void(Out)>& sink)
  {
    std::size_t given = 0;
    std::size_t taken = 0;
    for (bool more = true; more || taken < given;) {
      while (more && given - taken < most_) {
        auto item = next();
        more = item.has_value();
        if (more) put(given++, *std::move(item));
      }
      // half of them at a time: to wake up for each costs a worker its processor
      const std::size_t until = std::min(given, taken + most_ / 2);
      wait(taken, until);
      for (; taken < until; ++taken) sink(take(taken));
    }
  }

 private:
  void put(std::size_t number, Item item)
  {
    const std::lock_guard lock(mutex_);
    items_.emplace_back(number, std::move(item));
    work_.notify_one();
  }

  /// Until the results of items [from, until) are there; the earlier ones were taken.
  void wait(std::size_t from, std::size_t until)
  {
    std::unique_lock lock(mutex_);
    const auto there = std::distance(results_.begin(), results_.lower_bound(until));
    until_ = until;
    missing_ = until - from - static_cast<std::size_t>(there);
    result_.wait(lock, [&] { return failure_ || missing_ == 0; });
    if (failure_) std::rethrow_exception(failure_);
  }

  Out take(std::size_t number)
  {
    const std::lock_guard lock(mutex_);
    auto node = results_.extract(number);
    return std::move(node.mapped());
  }

  void serve(const Worker& work)
  {
    std::unique_lock lock(mutex_);
    for (;;) {
      work_.wait(lock, [this] { return closed_ || !items_.empty(); });
      if (closed_) return;
      auto [number, item] = std::move(items_.front());
      items_.pop_front();
      lock.unlock();
      std::optional<Out> out;
      std::exception_ptr failure;
      try {
        out.emplace(work(std::move(item)));
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      if (out) results_.emplace(number, *std::move(out));
      if (out && number < until_) --missing_;
      if (failure) failure_ = failure;
      if (failure || missing_ == 0) result_.notify_one();
    }
  }

  std::size_t most_;
  std::mutex mutex_;
  std::condition_variable work_, result_;
  std::deque<std::pair<std::size_t, Item>> items_;
  std::map<std::size_t, Out> results_;
  std::size_t until_ = 0;    // which results run() waits for,
  std::size_t missing_ = 0;  // and how many of them are not there yet
  std::exception_ptr failure_;
  bool closed_ = false;
  std::vector<std::thread> threads_;  // last: they use the others
};

}  // namespace imip::cli
