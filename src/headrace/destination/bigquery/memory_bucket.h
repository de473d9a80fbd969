#pragma once

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/client/http/http.h"
#include "headrace/model/percent_coding.h"
#include "headrace/model/utc_time.h"

namespace headrace {

/// The path of a URL, and what follows its `?`, decoded.
struct TestUrl {
  std::string path;  ///< Encoded as it came.
  std::map<std::string, std::string, std::less<>> query;

  explicit TestUrl(std::string_view url) {
    url.remove_prefix(std::min(url.find('/', url.find("//") + 2), url.size()));
    const size_t mark = std::min(url.find('?'), url.size());
    path = url.substr(0, mark);
    url.remove_prefix(std::min(mark + 1, url.size()));
    while (!url.empty()) {
      const std::string_view pair = url.substr(0, url.find('&'));
      const size_t equals = std::min(pair.find('='), pair.size());
      query[PercentDecode(pair.substr(0, equals))] =
          equals == pair.size() ? "" : PercentDecode(pair.substr(equals + 1));
      url.remove_prefix(std::min(pair.size() + 1, url.size()));
    }
  }

  std::string Get(std::string_view key) const {
    const auto found = query.find(key);
    return found == query.end() ? "" : found->second;
  }
};

/// An answer of one of Google's JSON APIs that is an error.
inline HttpResponse TestApiError(int status, const std::string& reason,
                                 const std::string& message = "as the test wants it") {
  const nlohmann::json body = {
      {"error", {{"code", status}, {"message", message}, {"errors", {{{"reason", reason}}}}}}};
  return {.status = status, .body = body.dump()};
}

/// A bucket of Google Cloud Storage in memory, as far as GcsClient asks for it, with generations
/// and their preconditions (cloud.google.com/storage/docs/request-preconditions). Whatever bucket
/// is asked for, it is this one. Thread-safe.
class MemoryBucket final : public HttpTransport {
 public:
  static constexpr const char* kRoot = "http://bucket.test";

  /// Objects on one page of a listing.
  explicit MemoryBucket(size_t page = 1000) : page_(page) {}

  arrow::Result<HttpResponse> Send(const HttpRequest& request, const std::stop_token&) override {
    const std::scoped_lock lock(mutex_);
    const TestUrl url(request.url);
    const size_t objects = url.path.find("/o");
    const std::string name = PercentDecode(url.path.substr(std::min(objects + 3, url.path.size())));
    if (request.method == "POST") return Upload(request, url);
    if (request.method == "DELETE") return Delete(name, url);
    return name.empty() ? List(url) : Get(name);
  }

  /// Around the API.
  void Put(const std::string& name, std::string content, int64_t updated_micros = 0) {
    const std::scoped_lock lock(mutex_);
    objects_[name] = {.content = std::move(content),
                      .generation = ++generation_,
                      .updated_micros = updated_micros};
  }

  void Remove(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    objects_.erase(name);
  }

  bool Has(const std::string& name) const {
    const std::scoped_lock lock(mutex_);
    return objects_.contains(name);
  }

  std::vector<std::string> Names() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, object] : objects_) names.push_back(name);
    return names;
  }

 private:
  struct Object {
    std::string content;
    int64_t generation = 0;
    int64_t updated_micros = 0;
  };

  static int64_t NowMicros() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  /// Whether `ifGenerationMatch` allows it; 0 stands for no object.
  bool Matches(const std::string& name, const TestUrl& url) const {
    const std::string wanted = url.Get("ifGenerationMatch");
    const auto found = objects_.find(name);
    const int64_t there = found == objects_.end() ? 0 : found->second.generation;
    return wanted.empty() || wanted == std::to_string(there);
  }

  /// `multipart/related` of two parts: the resource, and the content.
  HttpResponse Upload(const HttpRequest& request, const TestUrl& url) {
    const std::string_view body = request.body;
    const std::string line(body.substr(0, body.find("\r\n")));
    const size_t resource = body.find("\r\n\r\n") + 4;
    const size_t second = body.find("\r\n" + line, resource);
    const size_t content = body.find("\r\n\r\n", second) + 4;
    const size_t end = body.rfind("\r\n" + line + "--");
    const auto json = nlohmann::json::parse(body.substr(resource, second - resource));
    const std::string name = json.at("name");
    if (!Matches(name, url)) return TestApiError(412, "conditionNotMet");
    objects_[name] = {.content = std::string(body.substr(content, end - content)),
                      .generation = ++generation_,
                      .updated_micros = NowMicros()};
    return {.status = 200, .body = "{}"};
  }

  HttpResponse Delete(const std::string& name, const TestUrl& url) {
    if (!objects_.contains(name)) return TestApiError(404, "notFound");
    if (!Matches(name, url)) return TestApiError(412, "conditionNotMet");
    objects_.erase(name);
    return {.status = 204};
  }

  HttpResponse Get(const std::string& name) const {
    const auto found = objects_.find(name);
    if (found == objects_.end()) return {.status = 404, .body = "No such object"};
    return {.status = 200,
            .headers = {{"x-goog-generation", std::to_string(found->second.generation)}},
            .body = found->second.content};
  }

  HttpResponse List(const TestUrl& url) const {
    const std::string prefix = url.Get("prefix");
    nlohmann::json answer = {{"kind", "storage#objects"}};
    auto at = objects_.lower_bound(std::max(prefix, url.Get("pageToken")));
    for (size_t count = 0; at != objects_.end() && at->first.starts_with(prefix); ++at, ++count) {
      if (count == page_) {
        answer["nextPageToken"] = at->first;
        break;
      }
      const auto time = std::chrono::system_clock::time_point(
          std::chrono::microseconds(at->second.updated_micros));
      answer["items"].push_back({{"name", at->first},
                                 {"size", std::to_string(at->second.content.size())},
                                 {"updated", UtcTime(time)}});
    }
    return {.status = 200, .body = answer.dump()};
  }

  const size_t page_;
  mutable std::mutex mutex_;
  std::map<std::string, Object> objects_;  // These two guarded by mutex_.
  int64_t generation_ = 1'000;
};

}  // namespace headrace
