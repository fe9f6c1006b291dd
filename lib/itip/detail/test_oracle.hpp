/// @file What the calendar must show for a set of messages: sorts the set, folds it, and asks the
/// rules of itip.md in terms of the model only (no registers, no iCalendar). For tests.
#pragma once
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "itip/detail/test_model.hpp"

namespace imip::itip::test {

/// What a calendar shows, week by week; "-" where nothing takes place.
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
      any_ = true;
      break;
    }
    std::stable_sort(set.begin(), set.end(),
                     [](const Small& a, const Small& b) { return a.rev < b.rev; });
    for (const Small& m : set) fold(m);
  }

  /// Ranges of no series: what their occurrences would be is not for the model to say.
  [[nodiscard]] bool can_tell() const { return series() || ranges_.empty(); }

  [[nodiscard]] Shown result() const
  {
    Shown out;
    if (!any_) return out;
    if (!series()) {
      for (const auto& [key, content] : contents_) {
        // Two occurrences of one week, seen from different hours, show as both.
        if (key.type == Key::Instance) out[key.week * 100 + key.hour] = told(key);
      }
      return out;
    }
    for (int w = 0; w < weeks; ++w) out[w] = told({Key::Instance, w, series()->when.hour});
    for (const auto& [key, rev] : adds_) {
      if (in_force(key)) out[key.week] = told(key);
    }
    for (const auto& [key, content] : contents_) {
      if (!outlives_series(key)) continue;
      out[key.week == added_week && key.hour == added_hour ? key.week : key.week * 100 + key.hour] = told(key);
    }
    return out;
  }

 private:
  struct Key {
    enum Type { Series, Range, Instance };
    Type type = Series;
    int week = -1;
    int hour = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  static Key key_of(const Small& m)
  {
    if (m.week < 0) return {};
    return {m.range ? Key::Range : Key::Instance, m.week, m.hour};
  }

  [[nodiscard]] const Content* written(const Key& key) const
  {
    const auto at = contents_.find(key);
    return at == contents_.end() ? nullptr : &at->second;
  }
  [[nodiscard]] const Content* series() const { return written({}); }

  void fold(const Small& m)
  {
    const Key key = key_of(m);
    if (m.range) ranges_[key] = true;
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
      case What::Add:
        if (!adds_.contains(key) || adds_[key] < m.rev) adds_[key] = m.rev;
        put(key, {m.rev, m.title, m.when});
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
    const Content* known = written(key);
    if (!known || known->rev < c.rev) contents_[key] = c;
  }

  [[nodiscard]] bool ended(const Key& key, Rev rev, bool with_carried) const
  {
    if (key.type == Key::Series || !series()) return false;
    const auto b = carried_.find(key);
    const int carried = with_carried && b != carried_.end() ? b->second : 0;
    return std::max(rev.first, carried) < series()->rev.first && rev.second <= series()->rev.second;
  }

  [[nodiscard]] bool in_force(const Key& key) const
  {
    const auto add = adds_.find(key);
    return add != adds_.end() && !ended(key, add->second, true);
  }

  /// Does the series have the occurrence that the range begins with?
  [[nodiscard]] bool stands(const Key& range) const
  {
    return range.week < weeks && range.hour == series()->when.hour;
  }

  [[nodiscard]] const Content* own(const Key& key) const
  {
    const Content* c = written(key);
    return c && !ended(key, c->rev, true) ? c : nullptr;
  }

  /// Ranges that reach there, the latest last.
  [[nodiscard]] std::vector<Key> reaching(const Key& key) const
  {
    std::vector<Key> out;
    for (const auto& [range, known] : ranges_) {
      const bool before =
          range.week < key.week || (key.type == Key::Instance && range.week == key.week);
      if (key.type != Key::Series && before && stands(range)) out.push_back(range);
    }
    return out;
  }

  /// Where the content that shows there was written.
  [[nodiscard]] Key source(const Key& key) const
  {
    if (own(key)) return key;
    Key out;
    for (const Key& range : reaching(key)) {
      if (own(range) && !cancelled(range)) out = range;
    }
    return out;
  }

  [[nodiscard]] std::optional<Rev> strongest(const Key& key) const
  {
    std::optional<Rev> out;
    const auto take = [&](Rev rev) {
      if (!ended(key, rev, false)) out = out ? std::max(*out, rev) : rev;
    };
    if (const auto x = cancels_.find(key); x != cancels_.end()) take(x->second);
    if (const auto u = uninvited_.find({key, owner_}); u != uninvited_.end()) take(u->second);
    return out;
  }

  [[nodiscard]] bool holds(const Key& key) const
  {
    const auto cancel = strongest(key);
    return cancel && (!written(key) || *cancel >= written(key)->rev);
  }

  /// Only what is narrower and newer in both ways escapes what was said of `wide`.
  [[nodiscard]] bool escapes(const Key& key, const Key& wide, Rev rev) const
  {
    const Key from = source(key);
    if (from.type == Key::Series) return false;
    if (from.type == Key::Range && wide.type == Key::Range && from.week <= wide.week) return false;
    return written(from)->rev.first > rev.first && written(from)->rev.second > rev.second;
  }

  /// A series that is cancelled has no occurrences: what is asked afterwards stands alone.
  [[nodiscard]] bool outlives_series(const Key& key) const
  {
    const bool in_series = !series() || (key.week < weeks && key.hour == series()->when.hour);
    return key.type == Key::Instance && !in_series && own(key) && holds({}) && escapes(key, {}, *strongest({}));
  }

  [[nodiscard]] bool cancelled(const Key& key) const
  {
    if (holds(key)) return true;
    if (key.type == Key::Series) return false;
    std::vector<Key> wider = reaching(key);
    wider.push_back({});
    return std::any_of(wider.begin(), wider.end(),
                       [&](const Key& w) { return holds(w) && !escapes(key, w, *strongest(w)); });
  }

  [[nodiscard]] bool left_out(const Key& key, int person) const
  {
    if (person == owner_) return false;
    const auto said = [&](const Key& at) -> const Rev* {
      const auto u = uninvited_.find({at, person});
      if (u == uninvited_.end() || ended(at, u->second, false)) return nullptr;
      return !written(at) || u->second > written(at)->rev ? &u->second : nullptr;
    };
    if (said(key)) return true;
    std::vector<Key> wider = reaching(key);
    wider.push_back({});
    return std::any_of(wider.begin(), wider.end(),
                       [&](const Key& w) { return said(w) && !escapes(key, w, *said(w)); });
  }

  [[nodiscard]] const Content* at(const Key& key, int sequence) const
  {
    const auto c = history_.find({key, sequence});
    return c == history_.end() || !c->second ? nullptr : &*c->second;
  }

  /// What takes place there if the content was written elsewhere.
  static When inherited(const Key& key, const Key& from, const When& when)
  {
    const int shift = from.type == Key::Range ? when.hour - from.hour : 0;
    return {key.hour + shift, when.length};
  }

  [[nodiscard]] When when_now(const Key& key) const
  {
    const Key from = source(key);
    return from == key ? written(key)->when : inherited(key, from, written(from)->when);
  }

  [[nodiscard]] std::optional<When> when_at(const Key& key, int sequence) const
  {
    if (const Content* c = at(key, sequence)) return c->when;
    if ((key.week >= weeks && in_force(key)) || outlives_series(key)) return std::nullopt;  // it did not exist
    std::vector<Key> wider = reaching(key);
    std::reverse(wider.begin(), wider.end());
    for (const Key& range : wider) {
      if (const Content* c = at(range, sequence)) return inherited(key, range, c->when);
    }
    const Content* s = at({}, sequence);
    return s ? std::optional(inherited(key, {}, s->when)) : std::nullopt;
  }

  [[nodiscard]] bool counts_for_series(const Small& a) const
  {
    if (!series() || a.rev.first >= series()->rev.first) return true;
    const Content* then = at({}, a.rev.first);
    return then && then->when == series()->when;
  }

  [[nodiscard]] bool counts_for(const Small& a, const Key& key) const
  {
    if (a.rev.first >= written(source(key))->rev.first) return true;
    const auto then = when_at(key, a.rev.first);
    return then && *then == when_now(key);
  }

  [[nodiscard]] const Small* answer(const Key& key, int person) const
  {
    const Small* best = nullptr;
    const auto wide = answers_.find({Key{}, person});
    if (wide != answers_.end() && counts_for_series(wide->second) &&
        (source(key).type == Key::Series || counts_for(wide->second, key))) {
      best = &wide->second;
    }
    const auto narrow = answers_.find({key, person});
    if (narrow != answers_.end() && counts_for(narrow->second, key) &&
        (!best || narrow->second.rev.second >= best->rev.second)) {
      best = &narrow->second;
    }
    return best;
  }

  [[nodiscard]] std::string told(const Key& key) const
  {
    if (!own(key) && !series()) return "-";
    if (cancelled(key)) return "-";
    const Content* c = written(source(key));
    const When when = when_now(key);
    std::string out = cat("title ", c->title, " at ", when.hour, "+", when.length);
    bool delegated = false;
    for (int p = 0; p < 3; ++p) {
      if (left_out(key, p) || (p == delegate && !delegated)) continue;
      const Small* a = answer(key, p);
      const bool passes_on = a && a->delegates;
      delegated = delegated || passes_on;
      out += cat(' ', people[static_cast<std::size_t>(p)], '=',
                 !a           ? "NEEDS-ACTION"
                 : passes_on  ? "DELEGATED"
                 : a->accepts ? "ACCEPTED"
                              : "DECLINED");
    }
    return out;
  }

  int owner_;
  What shown_ = What::Request;
  bool any_ = false;
  std::map<Key, Content> contents_;
  std::map<Key, bool> ranges_;
  std::map<Key, Rev> adds_;
  std::map<Key, Rev> cancels_;
  std::map<Key, int> carried_;
  std::map<std::pair<Key, int>, Rev> uninvited_;
  std::map<std::pair<Key, int>, Small> answers_;
  std::map<std::pair<Key, int>, std::optional<Content>> history_;
};

}  // namespace imip::itip::test
