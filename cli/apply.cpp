#include <algorithm>
#include <cerrno>
#include <fstream>
#include <memory>
#include <ostream>

#include "base/cat.hpp"
#include "base/file_error.hpp"
#include "base/posix.hpp"
#include "base/text.hpp"
#include "cli/judging.hpp"
#include "cli/passphrase.hpp"
#include "cli/replies.hpp"
#include "crypto/gpgsm.hpp"
#include "ical/object.hpp"
#include "pipeline/held.hpp"
#include "pipeline/own.hpp"
#include "report/json.hpp"

namespace imip::cli {

namespace {

ExitCode exit_code_of_outcome(itip::Outcome outcome)
{
  switch (outcome) {
    case itip::Outcome::Ask:
      return ExitCode::Ask;
    case itip::Outcome::Refused:
    case itip::Outcome::None:
      return ExitCode::Untrusted;
    default:
      return ExitCode::Ok;
  }
}

/// What waited for this object may find now what it lacked.
bool changes_calendar(itip::Outcome outcome)
{
  using itip::Outcome;
  return outcome == Outcome::Added || outcome == Outcome::Updated || outcome == Outcome::Cancelled ||
         outcome == Outcome::Uninvited || outcome == Outcome::Answered || outcome == Outcome::Own;
}

Result<void> check_yes(const ApplyOptions& options)
{
  if (!options.yes) return {};
  if (options.yes->empty() && options.input.files.size() > 1)
    return err(Errc::Usage, "a bare --yes answers for exactly one message",
               "name the reasons: --yes=REASON,...");
  for (const std::string& word : *options.yes)
    if (!code_from_word(word))
      return err(Errc::Usage, cat("--yes: '", word, "' is not a reason code"),
                 "imip-verdict(7) lists them");
  return {};
}

}  // namespace

namespace {

/// Where what is said of the messages goes.
class Report {
 public:
  /// @errors Errc::CannotCreate
  static Result<Report> open(const ApplyOptions& options, bool mail_on_output, Context& context)
  {
    Report out;
    out.stream_ = mail_on_output ? &context.err : &context.out;
    if (options.report.empty() || options.report == "-") return out;
    out.file_ = std::make_unique<std::ofstream>(options.report, std::ios::binary | std::ios::trunc);
    if (!*out.file_)
      return file_error(Errc::CannotCreate, cat("--report: ", options.report), errno, FileUse::Write);
    out.name_ = options.report;
    out.stream_ = out.file_.get();
    return out;
  }
  std::ostream& stream() { return *stream_; }
  /// @errors Errc::Io
  Result<void> finish()
  {
    if (!file_) return {};
    file_->close();
    if (*file_) return {};
    return err(Errc::Io, cat("--report: ", name_, ": ", errno_text(errno != 0 ? errno : EIO)));
  }

 private:
  std::unique_ptr<std::ofstream> file_;
  std::ostream* stream_ = nullptr;
  std::string name_;
};

}  // namespace

Result<ExitCode> run(const ApplyOptions& options, Context& context)
{
  IMIP_CHECK(check_yes(options));
  IMIP_CHECK(check_brief(options.brief, options.common));
  IMIP_TRY(auto replies, Replies::open(options));
  if (options.sign) crypto::expect_gpgsm();  // before gpg looks at the message
  IMIP_CHECK(check_passphrase(options.keys, options.input.files));
  IMIP_TRY(auto bench, set_up(options.common, options.keys, Needs::Calendar, context));
  IMIP_TRY(auto report, Report::open(options, replies.on_standard_output(), context));
  const pipeline::Consent consent = consent_of(options.yes, context, bench.judge.policy());
  report::Style style = style_of(context, bench.judge.policy());
  style.colour = style.colour && &report.stream() == &context.out;
  BriefLine brief;
  pipeline::Courier courier;
  if (replies.wanted())
    courier = [&](const pipeline::JudgedPart& part, pipeline::Applied& applied,
                  const pipeline::Consent& said) {
      return replies.send(part, applied, said, bench, context);
    };
  const auto tell = [&](const pipeline::JudgedPart& part, const pipeline::Applied& applied) {
    if (options.brief)
      brief.add(exit_code_of_outcome(applied.outcome), report::brief_outcome(part, applied));
    else if (options.common.json)
      report.stream() << report::apply_json(part, applied, options.dry_run) << '\n';
    else
      report.stream() << report::apply_text(part, applied, options.dry_run, style);
    return exit_code_of_outcome(applied.outcome);
  };
  const auto each = [&](pipeline::JudgedPart& part) -> Result<ExitCode> {
    IMIP_TRY(const auto applied,
             pipeline::apply_part(bench.judge, *bench.calendar, part, consent, options.dry_run,
                                  replies.choice(), courier));
    ExitCode code = tell(part, applied);
    if (options.dry_run || !changes_calendar(applied.outcome)) return code;
    IMIP_TRY(const auto waited, pipeline::take_up_held(bench.judge, *bench.calendar, part, courier));
    for (const pipeline::TakenUp& one : waited) code = worst(code, tell(one.part, one.applied));
    return code;
  };
  const auto failed = [&](const std::string& input, const Error& error) {
    if (options.brief)
      brief.add(error);
    else if (options.common.json)
      report.stream() << report::no_apply_json(input, error) << '\n';
    print_error(context, error);
  };
  IMIP_TRY(const auto code,
           for_each_part(bench, options.input, context, each, failed, options.stop_on_error));
  if (options.brief) report.stream() << brief.line() << '\n';
  IMIP_CHECK(report.finish());
  return options.brief ? ExitCode::Ok : code;
}

namespace {

/// An object of the organizer's, as a message of her own.
Result<pipeline::JudgedPart> own_part(const Bench& bench, const OwnMessage& own)
{
  IMIP_TRY(auto parts, bench.judge.examine(ical::serialise(own.calendar), "-"));
  pipeline::JudgedPart& part = parts.front();
  if (part.message() == nullptr)
    return err(Errc::Refused, part.evidence.refusals.empty() ? std::string{"not an iTIP message"}
                                                             : part.evidence.refusals.front().text);
  const auto& organizer = part.message()->organizer;
  if (!organizer || !bench.judge.policy().owner.is(organizer->address))
    return err(Errc::Refused,
               "--store keeps the organizer's own copy, and the ORGANIZER is not you",
               "say --me with the organizer's address");
  mime::Envelope envelope = *part.envelope;
  envelope.message_id = own.message_id;
  part.envelope = std::move(envelope);
  return std::move(part);
}

bool is_about_parts(const itip::Message& message)
{
  return message.method == itip::Method::Add ||
         std::all_of(message.components.begin(), message.components.end(), [](const auto& c) {
           return c.scope.type != itip::Scope::Type::Series;
         });
}

/// An occurrence alone would stand in the calendar as if it were all that there is.
Result<void> require_series(const Bench& bench, const std::vector<pipeline::JudgedPart>& parts,
                            const std::string& store)
{
  const auto about_parts = [](const pipeline::JudgedPart& part) { return is_about_parts(*part.message()); };
  if (!std::all_of(parts.begin(), parts.end(), about_parts)) return {};
  for (const pipeline::JudgedPart& part : parts) {
    IMIP_TRY(const auto there, bench.calendar->surroundings(*part.message()));
    const std::vector<ical::Component> none;
    const auto& stored = there.stored ? there.stored->calendar.components : none;
    const bool series = std::any_of(stored.begin(), stored.end(), [](const ical::Component& c) {
      return c.name != "VTIMEZONE" && c.find("UID") != nullptr && c.find("RECURRENCE-ID") == nullptr;
    });
    if (!series)
      return err(Errc::NotFound,
                 cat("the calendar does not have the series of ", part.message()->uid,
                     ", which this is a part of"),
                 cat("first put it in: imip build request SERIES.ics --store ", text::shell_quote(store)));
  }
  return {};
}

/// All of them under one lock.
Result<void> put_all(Bench& bench, std::vector<pipeline::JudgedPart>& parts,
                     const std::string& store)
{
  IMIP_TRY(const auto lock, bench.calendar->lock());
  IMIP_CHECK(require_series(bench, parts, store));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto done = pipeline::put_own(bench.judge, *bench.calendar, parts[i], lock);
    if (!done && i == 0) return done;
    if (!done)
      return err(done.error().code,
                 cat(done.error().what, "; of the ", parts.size(),
                     " messages the calendar has the first ", i, ", and none is sent"),
                 "build them again: what the calendar has does not harm");
  }
  return {};
}

}  // namespace

Result<void> store_own(const std::vector<OwnMessage>& messages, const CommonOptions& common,
                       Context& context)
{
  IMIP_TRY(auto bench, set_up(common, {}, Needs::Calendar, context));
  std::vector<pipeline::JudgedPart> parts;
  for (const OwnMessage& own : messages) {
    IMIP_TRY(auto part, own_part(bench, own));
    parts.push_back(std::move(part));
  }
  IMIP_CHECK(put_all(bench, parts, common.store));
  for (const pipeline::JudgedPart& part : parts) {
    IMIP_TRY(const auto waited, pipeline::take_up_held(bench.judge, *bench.calendar, part));
    tell_taken_up(waited, context);
  }
  return {};
}

}  // namespace imip::cli
