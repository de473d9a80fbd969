#include "headrace/observe/event.h"

#include <gtest/gtest.h>

#include <thread>

namespace headrace {
namespace {

class RecordingSink : public EventSink {
 public:
  void Handle(const Event& event) override { events.push_back(event); }
  std::vector<Event> events;
};

TEST(Observer, SendsEachEventToEverySink) {
  Observer observer;
  const auto first = std::make_shared<RecordingSink>();
  const auto second = std::make_shared<RecordingSink>();
  observer.AddSink(first);
  observer.AddSink(second);

  observer.Emit(Level::kWarning, "retry", "trying again", {{"attempt", int64_t{2}}});

  ASSERT_EQ(first->events.size(), 1);
  ASSERT_EQ(second->events.size(), 1);
  EXPECT_EQ(first->events[0].level, Level::kWarning);
  EXPECT_EQ(first->events[0].name, "retry");
  EXPECT_EQ(first->events[0].message, "trying again");
  EXPECT_EQ(first->events[0].fields, (Fields{{"attempt", int64_t{2}}}));
  EXPECT_EQ(first->events[0].time, second->events[0].time);
}

TEST(Observer, CallsASinkFromOneThreadAtATime) {
  constexpr int kThreads = 4;
  constexpr int kEvents = 500;
  Observer observer;
  const auto sink = std::make_shared<RecordingSink>();
  observer.AddSink(sink);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&observer] {
        for (int i = 0; i < kEvents; ++i) observer.Emit(Level::kInfo, "tick", "tick");
      });
    }
  }
  EXPECT_EQ(sink->events.size(), kThreads * kEvents);
}

TEST(Level, ReadsBackItsNames) {
  for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
    EXPECT_EQ(ParseLevel(LevelName(level)), level);
  }
  EXPECT_EQ(ParseLevel("loud"), std::nullopt);
}

}  // namespace
}  // namespace headrace
