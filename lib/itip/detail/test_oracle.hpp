/// @file What the calendar must show for a set of messages: sorts the set, folds it, and asks the
/// rules of itip.md in terms of the model only (no registers, no iCalendar). For tests.
#pragma once
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "itip/detail/test_model.hpp"

namespace imip::itip::test {

/// What a calendar shows, week by week.
using Shown = std::map<int, std::string>;

struct Content {
  Rev rev;
  int title = 0;
  When when;
};

class Oracle {
 public:
  Oracle(std::vector<Small> set, int owner_person) : owner_(owner_person)
  {
    for (const What w : {What::Request, What::Vouched, What::Publish}) {
      if (std::none_of(set.begin(), set.end(), [&](const Small& m) { return m.what == w; }))
        continue;
      shown_ = w;
      break;
    }
    std::stable_sort(set.begin(), set.end(),
                     [](const Small& a, const Small& b) { return a.rev < b.rev; });
    for (const Small& m : set) fold(m);
  }

  [[nodiscard]] Shown result() const
  {
    Shown out;
    if (series_) {
      for (int w = 0; w < weeks; ++w) out[w] = week(w, series_->when.hour);
    } else {
      for (const auto& [key, content] : instances_) {
        // Two occurrences of one week, seen from different hours, show as both.
        out[key.first * 100 + key.second] = week(key.first, key.second);
      }
    }
    return out;
  }

 private:
  using Key = std::pair<int, int>;  // week, hour; (-1, 0): the series

  static Key key_of(const Small& m) { return m.week < 0 ? Key{-1, 0} : Key{m.week, m.hour}; }

  void fold(const Small& m)
  {
    const Key key = key_of(m);
    switch (m.what) {
      case What::Cancel:
        cancels_[key] = m.rev;
        return;
      case What::Uninvite:
        uninvited_[{key, m.person}] = m.rev;
        return;
      case What::Reply:
        answers_[{key, m.person}] = m;
        return;
      case What::Request:
      case What::Vouched:
      case What::Publish:
        break;
    }
    if (m.what != shown_) return;
    put(key, {m.rev, m.title, m.when});
    for (const Small& c : m.carried) {
      put(key_of(c), {c.rev, c.title, c.when});
      carried_[key_of(c)] = std::max(carried_[key_of(c)], m.rev.first);
    }
  }

  void put(const Key& key, const Content& c)
  {
    auto& at_sequence = history_[{key, c.rev.first}];
    if (!at_sequence || at_sequence->rev.second < c.rev.second) at_sequence = c;
    if (key.first < 0) {
      if (!series_ || series_->rev < c.rev) series_ = c;
      return;
    }
    const auto known = instances_.find(key);
    if (known == instances_.end() || known->second.rev < c.rev) instances_[key] = c;
  }

  [[nodiscard]] bool ended(Rev rev, int carried) const
  {
    return series_ && std::max(rev.first, carried) < series_->rev.first &&
           rev.second <= series_->rev.second;
  }

  [[nodiscard]] const Content* own(const Key& key) const
  {
    const auto c = instances_.find(key);
    if (c == instances_.end()) return nullptr;
    const auto b = carried_.find(key);
    return ended(c->second.rev, b == carried_.end() ? 0 : b->second) ? nullptr : &c->second;
  }

  [[nodiscard]] static bool escapes(const Content* c, Rev wide)
  {
    return c && c->rev.first > wide.first && c->rev.second > wide.second;
  }

  [[nodiscard]] bool cancelled(const Key& key) const
  {
    const auto written = instances_.find(key);
    const Rev* key_rev = written == instances_.end() ? nullptr : &written->second.rev;
    std::vector<Rev> own_cancels;
    std::vector<Rev> wide_cancels;
    const auto gather = [&](const Key& from, std::vector<Rev>& into) {
      if (const auto x = cancels_.find(from); x != cancels_.end()) into.push_back(x->second);
      const auto u = uninvited_.find({from, owner_});
      if (u != uninvited_.end()) into.push_back(u->second);
    };
    gather(key, own_cancels);
    gather({-1, 0}, wide_cancels);
    for (const Rev& x : own_cancels) {
      if (!ended(x, 0) && (!key_rev || x >= *key_rev)) return true;
    }
    // The strongest wider cancel decides: what escapes it escapes the others.
    if (wide_cancels.empty()) return false;
    const Rev wide = *std::max_element(wide_cancels.begin(), wide_cancels.end());
    return (!series_ || wide >= series_->rev) && !escapes(own(key), wide);
  }

  [[nodiscard]] bool left_out(const Key& key, int person) const
  {
    if (person == owner_) return false;
    const auto written = instances_.find(key);
    const auto mine = uninvited_.find({key, person});
    if (mine != uninvited_.end() && !ended(mine->second, 0) &&
        (written == instances_.end() || mine->second > written->second.rev)) {
      return true;
    }
    const auto wide = uninvited_.find({Key{-1, 0}, person});
    return wide != uninvited_.end() && (!series_ || wide->second > series_->rev) &&
           !escapes(own(key), wide->second);
  }

  [[nodiscard]] std::optional<Content> at(const Key& key, int sequence) const
  {
    const auto c = history_.find({key, sequence});
    return c == history_.end() ? std::nullopt : c->second;
  }

  /// When the occurrence took place at that SEQUENCE: hour and length.
  [[nodiscard]] std::optional<When> when_at(const Key& key, int sequence) const
  {
    if (const auto c = at(key, sequence)) return c->when;
    const auto s = at({-1, 0}, sequence);
    return s ? std::optional(When{key.second, s->when.length}) : std::nullopt;
  }

  [[nodiscard]] bool counts_for_series(const Small& a) const
  {
    if (!series_ || a.rev.first >= series_->rev.first) return true;
    const auto then = at({-1, 0}, a.rev.first);
    return then && then->when == series_->when;
  }

  [[nodiscard]] bool counts_for(const Small& a, const Key& key) const
  {
    const Content* content = own(key);
    const int sequence = content ? content->rev.first : series_->rev.first;
    if (a.rev.first >= sequence) return true;
    const When now = content ? content->when : When{key.second, series_->when.length};
    const auto then = when_at(key, a.rev.first);
    return then && *then == now;
  }

  [[nodiscard]] std::string answer(const Key& key, int person) const
  {
    const Small* best = nullptr;
    const auto wide = answers_.find({Key{-1, 0}, person});
    if (wide != answers_.end() && counts_for_series(wide->second) &&
        (!own(key) || counts_for(wide->second, key))) {
      best = &wide->second;
    }
    const auto narrow = answers_.find({key, person});
    if (narrow != answers_.end() && counts_for(narrow->second, key) &&
        (!best || narrow->second.rev.second >= best->rev.second)) {
      best = &narrow->second;
    }
    if (!best) return "NEEDS-ACTION";
    return best->accepts ? "ACCEPTED" : "DECLINED";
  }

  [[nodiscard]] std::string week(int w, int hour) const
  {
    const Key key{w, hour};
    if (!own(key) && !series_) return "-";
    if (cancelled(key)) return "cancelled";
    const Content* c = own(key);
    const int start = c ? c->when.hour : hour;
    const int length = c ? c->when.length : series_->when.length;
    std::string out = cat("title ", c ? c->title : series_->title, " at ", start, "+", length);
    for (int p = 0; p < 2; ++p) {
      if (!left_out(key, p)) {
        out += cat(' ', people[static_cast<std::size_t>(p)], '=', answer(key, p));
      }
    }
    return out;
  }

  int owner_;
  What shown_ = What::Request;
  std::optional<Content> series_;
  std::map<Key, Content> instances_;
  std::map<Key, Rev> cancels_;
  std::map<Key, int> carried_;
  std::map<std::pair<Key, int>, Rev> uninvited_;
  std::map<std::pair<Key, int>, Small> answers_;
  std::map<std::pair<Key, int>, std::optional<Content>> history_;
};

}  // namespace imip::itip::test
