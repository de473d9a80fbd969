// The protocol by hand: a peer at the other end of a socket pair says what no server says, or says
// it in pieces.

#include "headrace/client/postgres/socket_copy_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <thread>

#include "headrace/client/postgres/error.h"

namespace headrace {
namespace {

std::string Message(char type, const std::string& body) {
  const auto length = static_cast<uint32_t>(body.size() + 4);
  std::string message(1, type);
  for (int shift = 24; shift >= 0; shift -= 8) message += static_cast<char>(length >> shift);
  return message + body;
}

std::string ErrorBody(const std::string& sqlstate, const std::string& text) {
  std::string body = "SFATAL";
  body += '\0';
  body += "C" + sqlstate + '\0' + "M" + text + '\0' + '\0';
  return body;
}

std::string CopyBegins() { return Message('H', std::string("\1\0\1\0\1", 5)); }
std::string CopyEnds() { return Message('c', "") + Message('C', std::string("COPY 1\0", 7)); }
std::string Ready() { return Message('Z', "I"); }

class ScriptedPeer : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets_), 0); }
  void TearDown() override {
    ClosePeer();
    close(sockets_[0]);
  }
  void Say(const std::string& bytes) {
    ASSERT_EQ(send(sockets_[1], bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  /// More than the buffers of the socket hold.
  void SayAll(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(sockets_[1], bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ASSERT_GT(sent, 0);
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  void ClosePeer() {
    if (sockets_[1] >= 0) close(std::exchange(sockets_[1], -1));
  }
  void Start() {
    channel_ = std::make_unique<PgSocketChannel>(sockets_[0]);
    stream_ = SocketCopyStream::Start(*channel_, "COPY t TO STDOUT", {}, nullptr).ValueOrDie();
  }
  arrow::Result<std::string> ReadAll() {
    std::string all;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto messages, stream_->Next({}));
      if (messages.empty()) return all;
      for (const CopyMessage message : messages) {
        all.append(message.begin(), message.end());
        all += '|';
      }
    }
  }

  int sockets_[2] = {-1, -1};
  std::unique_ptr<PgSocketChannel> channel_;
  std::unique_ptr<CopyStream> stream_;
};

TEST_F(ScriptedPeer, TheQueryIsAProtocolMessage) {
  Start();
  std::string received(64, '\0');
  received.resize(static_cast<size_t>(recv(sockets_[1], received.data(), received.size(), 0)));
  EXPECT_EQ(received, Message('Q', std::string("COPY t TO STDOUT\0", 17)));
  Say(Ready());
  EXPECT_EQ(ClassOf(ReadAll().status()), ErrorClass::kBug);
}

TEST_F(ScriptedPeer, MessagesInOnePiece) {
  Start();
  Say(CopyBegins() + Message('d', "one") + Message('d', "") + Message('d', "three") + CopyEnds() +
      Ready());
  EXPECT_EQ(ReadAll().ValueOrDie(), "one||three|");
}

TEST_F(ScriptedPeer, MessagesByteByByte) {
  Start();
  const std::string script = CopyBegins() + Message('d', "one") + Message('N', "notice") +
                             Message('d', "two") + CopyEnds() + Ready();
  const std::jthread speaker([&] {
    for (const char byte : script) Say(std::string(1, byte));
  });
  EXPECT_EQ(ReadAll().ValueOrDie(), "one|two|");
}

/// A row and the memory that it takes: its own size, not twice that, and none once it was taken.
TEST_F(ScriptedPeer, AMessageTakesMemoryOfItsSize) {
  constexpr size_t kMiB = size_t{1} << 20;
  Start();
  const std::string first(32 * kMiB, 'a');
  const std::string second(33 * kMiB, 'b');
  const std::jthread speaker([&] {
    Say(CopyBegins());
    for (const std::string& row : {first, second}) SayAll(Message('d', row) + Message('d', "s"));
    SayAll(CopyEnds() + Ready());
  });
  for (const std::string& row : {first, second}) {
    const auto messages = stream_->Next({}).ValueOrDie();
    ASSERT_EQ(messages.size(), 1);
    EXPECT_TRUE(std::ranges::equal(messages[0], row));
    EXPECT_LE(channel_->capacity(), row.size() + 3 * kMiB / 2);
    stream_->Release();
    EXPECT_LE(channel_->capacity(), 2 * kMiB);
    const auto small = stream_->Next({}).ValueOrDie();
    ASSERT_EQ(small.size(), 1) << "what stands behind it comes by itself";
    EXPECT_EQ(small[0].size(), 1);
  }
  EXPECT_EQ(ReadAll().ValueOrDie(), "");
}

TEST_F(ScriptedPeer, AnErrorWaitsForReady) {
  Start();
  Say(CopyBegins() + Message('d', "one") + Message('E', ErrorBody("22012", "division by zero")) +
      Ready());
  const auto read = ReadAll();
  EXPECT_EQ(CodeOf(read.status()), "22012");
  EXPECT_EQ(read.status().message(), "division by zero");
  EXPECT_FALSE(stream_->Stop());
}

TEST_F(ScriptedPeer, AnErrorBeforeTheConnectionEndsIsTheOneToTell) {
  Start();
  Say(CopyBegins() + Message('E', ErrorBody("57P01", "terminating connection")));
  ClosePeer();
  EXPECT_EQ(CodeOf(ReadAll().status()), "57P01");
}

TEST_F(ScriptedPeer, TheEndOfTheConnectionIsTransient) {
  Start();
  Say(CopyBegins() + Message('d', "one") + Message('d', "two").substr(0, 6));
  ClosePeer();
  const auto read = ReadAll();
  EXPECT_EQ(ClassOf(read.status()), ErrorClass::kTransient) << read.status();
}

TEST_F(ScriptedPeer, UnknownMessagesAreNotFollowed) {
  for (const std::string& script :
       {CopyBegins() + Message('?', "x"), CopyBegins() + std::string("d\0\0\0\3x", 6),
        CopyBegins() + std::string("d\x7f\xff\xff\xff", 5), std::string("\0\0\0\0\0", 5)}) {
    Start();
    Say(script);
    const auto read = ReadAll();
    EXPECT_EQ(ClassOf(read.status()), ErrorClass::kTransient) << read.status();
    EXPECT_FALSE(stream_->Stop());
    stream_.reset();
    TearDown();
    SetUp();
  }
}

TEST_F(ScriptedPeer, MalformedErrorsAreStillErrors) {
  Start();
  Say(Message('E', "C") + Ready());
  EXPECT_FALSE(ReadAll().ok());
}

}  // namespace
}  // namespace headrace
