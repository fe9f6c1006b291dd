"""iCalendar as scenarios see it: content lines, components, and what is expected of them."""

import datetime
import re

PROPERTY = re.compile(r'([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):(.*)', re.S)
PARAMETER = re.compile(r';([A-Za-z0-9-]+)=((?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)')

# Ours, from the rules that hold since 1996 and 2007; RFC 5545 section 3.6.5 wants one for each TZID.
ZONES = {
    "Europe/Berlin": ("DAYLIGHT:+0100:+0200:19700329T020000:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
                      "STANDARD:+0200:+0100:19701025T030000:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"),
    "America/New_York": ("DAYLIGHT:-0500:-0400:19700308T020000:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU",
                         "STANDARD:-0400:-0500:19701101T020000:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU"),
}


def people(text, scheme="mailto:"):
    """@alice is alice@example.com, a calendar user."""
    return re.sub(r"(?<![\w.+/@-])@([a-z][a-z0-9.-]*)(?![\w@])", rf"{scheme}\1@example.com", text)


def spelled_out(line):
    """What would be long to write: `EXDATE:501 days from 20270202T100000Z`, `DESCRIPTION:1500000 letters`."""
    if found := re.fullmatch(r"(.*:)(\d+) days from (\d{8})(T.*)", line):
        first = datetime.datetime.strptime(found.group(3), "%Y%m%d")
        days = (first + datetime.timedelta(days=i) for i in range(int(found.group(2))))
        return found.group(1) + ",".join(day.strftime("%Y%m%d") + found.group(4) for day in days)
    if found := re.fullmatch(r"(.*:)(\d+) letters", line):
        return found.group(1) + "x" * int(found.group(2))
    return line


def zone_lines(tzid, name=None):
    out = ["BEGIN:VTIMEZONE", f"TZID:{name or tzid}"]
    for observance in ZONES[tzid]:
        kind, before, after, start, rule = observance.split(":")
        out += [f"BEGIN:{kind}", f"DTSTART:{start}", f"TZOFFSETFROM:{before}", f"TZOFFSETTO:{after}",
                f"RRULE:{rule}", f"END:{kind}"]
    return [*out, "END:VTIMEZONE"]


def written(lines):
    """The octets of a calendar from the lines of a scenario: VCALENDAR and time zones filled in."""
    out = []
    for line in lines:
        zone = re.fullmatch(r"zone (\S+)(?: as (.+))?", line)
        out += zone_lines(*zone.groups()) if zone else [people(spelled_out(line))]
    if out and not out[0].startswith("BEGIN:VCALENDAR"):
        out = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//scenarios//imip//EN", *out, "END:VCALENDAR"]
    return "".join(line + "\r\n" for line in out)


def unfolded(text):
    return [line for line in re.sub(r"\r?\n[ \t]", "", text).replace("\r\n", "\n").split("\n") if line]


def edited(text, edits):
    """Like the text, but: NAME:VALUE stands for all NAMEs of the first component (of the calendar for METHOD),
    -NAME takes them away, +LINE adds one at the end of the component."""
    lines = unfolded(text)
    for edit in map(people, map(spelled_out, edits)):
        begin = next(i for i, l in enumerate(lines) if re.match("BEGIN:V(EVENT|TODO|JOURNAL|FREEBUSY)", l))
        end = lines.index("END" + lines[begin][5:], begin)
        if edit.startswith("+"):
            lines.insert(end, edit[1:])
            continue
        name = re.match(r"-?([A-Z0-9-]+)", edit).group(1)
        first, last = (0, begin) if name == "METHOD" else (begin, end)
        at = [i for i in range(first, last) if re.match(rf"{name}[;:]", lines[i])]
        for i in reversed(at):
            del lines[i]
        if not edit.startswith("-"):
            lines.insert(at[0] if at else last - len(at), edit)
    return "".join(line + "\r\n" for line in lines)


def parsed_line(line):
    found = PROPERTY.fullmatch(line)
    if not found:
        raise ValueError(f"no content line: {line}")
    name, parameters, value = found.groups()
    return name.upper(), {(k.upper(), v.replace('"', "")) for k, v in PARAMETER.findall(parameters)}, value


class Component:
    def __init__(self, name):
        self.name, self.properties, self.parts = name, [], []

    def all(self, name):
        return [p for p in self.properties if p[0] == name]

    def value(self, name):
        return next((p[2] for p in self.all(name)), None)


def parsed(text):
    """The VCALENDAR of a text, as a Component."""
    top = Component("")
    stack = [top]
    for line in unfolded(text):
        name, _, value = parsed_line(line)
        if name == "BEGIN":
            stack[-1].parts.append(Component(value))
            stack.append(stack[-1].parts[-1])
        elif name == "END":
            stack.pop()
        else:
            stack[-1].properties.append(parsed_line(line))
    return top.parts[0]


def components(calendar):
    return [c for c in calendar.parts if c.name != "VTIMEZONE"]


def difference(calendar, expected):
    """What of the expected lines does not hold for a calendar, or None. A line holds if a property has its name and
    value and at least its parameters; `no NAME` if there is none; `no LINE` if there is none like it. `at R` goes to the
    component with that RECURRENCE-ID, `the series` to the one without; `no override R`; `N components`; `N attendees`."""
    here = next((c for c in components(calendar) if not c.value("RECURRENCE-ID")),
                components(calendar)[0] if components(calendar) else None)
    for line in map(people, expected):
        if found := re.fullmatch(r"(\d+) components?", line):
            if len(components(calendar)) != int(found.group(1)):
                return f"{line}, but there are {len(components(calendar))}"
        elif found := re.fullmatch(r"(\d+) attendees?", line):
            if here is None or len(here.all("ATTENDEE")) != int(found.group(1)):
                return f"{line}, but there are {len(here.all('ATTENDEE')) if here else 'none'}"
        elif found := re.fullmatch(r"(at|no override) (\S+)", line):
            named = [c for c in components(calendar) if c.value("RECURRENCE-ID") == found.group(2)]
            if bool(named) != (found.group(1) == "at"):
                return line
            here = named[0] if named else here
        elif line == "the series":
            here = next((c for c in components(calendar) if not c.value("RECURRENCE-ID")), None)
        elif line == "calendar":
            here = calendar
        elif line.startswith("METHOD:"):
            if not _holds(calendar, line):
                return line
        elif here is None:
            return "nothing is there"
        elif not _holds(here, line):
            return line
    return None


def _holds(component, line):
    if absent := re.fullmatch(r"no ([A-Z0-9-]+)", line):
        name = absent.group(1)
        return not component.all(name) and not any(p.name == name for p in component.parts)
    wanted = not line.startswith("no ")
    if found := re.fullmatch(r"(?:no )?BEGIN:(\w+)", line):
        return any(p.name == found.group(1) for p in component.parts) == wanted
    name, parameters, value = parsed_line(line if wanted else line[3:])
    within = [component, *component.parts] if name in ("ACTION", "TRIGGER") else [component]
    return wanted == any(parameters <= p[1] and value == p[2] for c in within for p in c.all(name))
