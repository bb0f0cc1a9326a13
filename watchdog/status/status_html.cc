#include "status/status_html.h"

#include <fmt/format.h>

#include "base/html.h"
#include "base/printable.h"
#include "base/text.h"
#include "base/version.h"
#include "status/pattern_text.h"

namespace watchdog {

namespace {

// Whoever changes one of these two writes its new hash into kStatusPolicy; a test compares.
constexpr std::string_view kStyle =
    ":root{color-scheme:light dark;--b:#fcfcfa;--c:#fff;--f:#1d2125;--d:#646b73;--l:#e3e4e0;"
    "--g:#1a7f37;--y:#8f5d00;--r:#c4232e}"
    "@media(prefers-color-scheme:dark){:root{--b:#14161a;--c:#1b1e23;--f:#e4e6e8;--d:#949ba4;"
    "--l:#2c3037;--g:#4cc36c;--y:#d9a62e;--r:#ff7a72}}"
    "body{margin:0 auto;max-width:60rem;padding:1.5rem 1rem 3rem;font:15px/1.5 "
    "system-ui,sans-serif;background:var(--b);color:var(--f)}"
    "h1,td,pre,li b{font-family:ui-monospace,monospace}"
    "h1{font-size:1.1rem;margin:0;overflow-wrap:anywhere}"
    "h2{font-size:.95rem;margin:2rem 0 .4rem}"
    "p{margin:.2rem 0;color:var(--d)}"
    "ul{display:grid;grid-template-columns:repeat(4,1fr);gap:.6rem;list-style:none;padding:0}"
    "li{background:var(--c);border:1px solid var(--l);border-radius:8px;padding:.5rem "
    ".8rem;color:var(--d)}"
    "li b{display:block;font-size:1.4rem;font-weight:600;color:var(--f)}"
    "table{width:100%;border-collapse:collapse;font-size:13px}"
    "th,td{padding:.3rem .9rem .3rem 0;text-align:left;vertical-align:top;white-space:nowrap;"
    "border-bottom:1px solid var(--l)}"
    "th{font-weight:400;color:var(--d)}"
    "td:last-child{width:100%;padding-right:0;white-space:normal;overflow-wrap:anywhere}"
    ".n{text-align:right}"
    ".g{color:var(--g)}.y{color:var(--y)}.r,.r b{color:var(--r)}"
    "td i,td s{display:block;font-style:normal;text-decoration:none;color:var(--d)}"
    "td s{font-size:11px}"
    "pre{margin:.5rem 0;padding:.6rem .8rem;background:var(--c);border:1px solid "
    "var(--l);border-left:3px solid var(--r);border-radius:4px;white-space:pre-wrap;"
    "overflow-wrap:anywhere;font-size:13px}"
    "details pre{border-left-color:var(--l)}"
    "summary{margin-top:2rem;font-weight:600;cursor:pointer}"
    ".gone main{opacity:.5}"
    ".gone:before{content:'It does not answer any more.';color:var(--r)}"
    "@media(max-width:34rem){ul{grid-template-columns:1fr "
    "1fr}th{display:none}tr{display:block;border-bottom:1px solid "
    "var(--l);padding:.3rem 0}td{display:inline;border:0;padding:0 .6rem 0 0}}";

// What is selected, to be copied, stays until it is not.
constexpr std::string_view kScript =
    "setInterval(async()=>{if(document.hidden||!getSelection().isCollapsed)return;"
    "let l=document.body.classList;try{"
    "let t=await(await fetch('')).text(),"
    "n=new DOMParser().parseFromString(t,'text/html').querySelector('main');"
    "document.querySelector('main').replaceWith(document.adoptNode(n));"
    "l.remove('gone')}catch{l.add('gone')}},2e3)";

void append_shown(std::string& out, std::string_view text) {
  std::string shown;
  append_printable(shown, text);
  append_html(out, shown);
}

std::string clock_time(std::time_t when) {
  tm parts{};
  localtime_r(&when, &parts);
  return fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string_view class_of_status(int status) {
  if (status >= 500) return "r";
  return status >= 400 ? "y" : "g";
}

std::string cause_of(const StatusBoard::Ended& request) {
  std::string text(request.failure);
  if (!text.empty() && !request.detail.empty()) text += ": ";
  return text + request.detail;
}

void put_summary(PatternText& page, const StatusReport& report) {
  const StatusMoment& moment = report.moment;
  page.put(
      "<h1>@</h1><p>mode=@ · fwatchdog @ · since @, for @ · @ · ",
      {report.command, report.mode, std::string_view(kVersion), clock_time(moment.started_at),
       format_duration(std::chrono::floor<std::chrono::seconds>(moment.uptime)), moment.stage});
  page.put(moment.healthy ? "<b class=g>healthy</b>" : "<b class=r>not healthy</b>");
  page.put("<ul><li><b>@</b>running<li><b>@</b>queued",
           {report.requests.running_count, moment.queued});
  if (report.max_inflight != 0) page.put(" (@ may run)", {report.max_inflight});
  page.put("<li><b>@</b>ended<li", {report.requests.ended_count});
  page.put(
      report.requests.failed_count == 0 ? "><b>@</b>failed</ul>" : " class=r><b>@</b>failed</ul>",
      {report.requests.failed_count});
}

void put_running(PatternText& page, const StatusReport& report) {
  const auto& running = report.requests.running;
  if (running.empty()) return;
  page.put("<h2>Requests now</h2><table><tr><th class=n>for<th>phase<th>request");
  for (const auto& request : running) {
    page.put("<tr><td class=n>@<td>@<td>@ @",
             {time_taken(report.moment.now - request.since), name_of(request.phase), request.method,
              request.target});
  }
  page.put("</table>");
  const uint64_t count = report.requests.running_count;
  if (count > running.size()) page.put("<p>and @ more", {count - running.size()});
}

void put_instances(PatternText& page, const StatusReport& report) {
  if (report.instances.empty()) return;
  page.put("<h2>Instances</h2><table><tr><th>state<th class=n>pid<th class=n>requests<th>at");
  for (const auto& instance : report.instances) {
    page.put("<tr><td class=@>@<td class=n>",
             {instance.state == "ready" ? "g" : "y", instance.state});
    instance.pid == 0 ? page.put("-") : page.put("@", {static_cast<uint64_t>(instance.pid)});
    page.put("<td class=n>@<td>@", {instance.in_flight, instance.url});
  }
  page.put("</table>");
}

void put_failures(PatternText& page, const StatusReport& report) {
  if (report.requests.failed.empty()) return;
  page.put("<h2>Last failures, and the function's last lines of stderr</h2>");
  for (const auto& [request, lines, output, open] : report.requests.failed) {
    page.put(
        "<pre>@ <b class=@>@</b> @ @ <i>@</i>",
        {clock_time(request.at), class_of_status(request.status),
         static_cast<uint64_t>(request.status), request.method, request.target, cause_of(request)});
    if (lines.empty()) page.put("\n<i>It has printed none.</i>");
    for (const std::string& line : lines) page.put("\n@", {line});
    page.put("</pre>");
  }
}

void put_ended(PatternText& page, const StatusReport& report) {
  page.put("<h2>Last requests</h2>");
  if (report.requests.ended.empty()) return page.put("<p>None yet.");
  page.put("<table><tr><th>at<th>status<th class=n>took<th>request");
  for (const auto& request : report.requests.ended) {
    page.put("<tr><td>@<td class=@>@<td class=n>@<td>@ @",
             {clock_time(request.at), class_of_status(request.status),
              static_cast<uint64_t>(request.status), time_taken(request.duration), request.method,
              request.target});
    const std::string cause = cause_of(request);
    if (!cause.empty()) page.put("<i>@</i>", {cause});
    if (!request.trace_id.empty()) page.put("<s>@</s>", {request.trace_id});
  }
  page.put("</table>");
}

// It does not change, and stays as its reader has opened it.
void put_settings(PatternText& page, const StatusReport& report) {
  page.put("<details><summary>Configuration</summary>");
  for (const std::string_view from : {"command line", "environment", "default"}) {
    bool any = false;
    for (const auto& setting : report.settings) {
      if (setting.from != from || setting.value.empty()) continue;
      if (!any) page.put("<p>from: @<pre>", {from});
      any = true;
      page.put("\n@=@", {setting.name, setting.value});
    }
    if (any) page.put("</pre>");
  }
  page.put("</details>");
}

}  // namespace

const std::string_view kStatusPolicy =
    "default-src 'none';"
    "style-src 'sha256-+mkgf4RObq7KFm7fHKDbf/Ti5TgpKQGeQhbGEmUhoOA=';"
    "script-src 'sha256-BvrNheLXzob4Z6iDULpKxuuJPIuzz/ML7ge7yyoW/Wo=';"
    "connect-src 'self';"
    "base-uri 'none';form-action 'none';frame-ancestors 'none'";

std::string status_html(const StatusReport& report) {
  PatternText page(append_shown);
  page.put(
      "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
      "content=\"width=device-width\"><title>@ - fwatchdog</title><style>",
      {report.command});
  page.put(kStyle);
  page.put("</style><body><main>");
  put_summary(page, report);
  put_running(page, report);
  put_instances(page, report);
  put_failures(page, report);
  put_ended(page, report);
  page.put("</main>");
  put_settings(page, report);
  page.put("<script>");
  page.put(kScript);
  page.put("</script>\n");
  return page.take();
}

}  // namespace watchdog
