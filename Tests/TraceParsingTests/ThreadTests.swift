import Diagnostics
import Foundation
import Synchronization
import TestSupport
import Testing
import Threads
import TraceInput
import Workload

@testable import TraceParsing

/// Work on several threads: results in order, the first error by number, and no waiting for threads that are not
/// there.
@Suite struct ThreadTests {
  @Test(arguments: [1, 2, 5, 16])
  func resultsComeInOrder(threads: Int) throws {
    var seen: [Int] = []
    try OrderedWork<Int>.forEach(
      40, threads: threads,
      job: { number, emit throws(TraceError) in
        // Later jobs are quicker, and some give nothing or many chunks.
        usleep(UInt32(40 - number) * 50)
        for chunk in 0..<(number % 7 == 0 ? 0 : number % 5 == 0 ? 100 : 1) {
          try emit(number * 1000 + chunk)
        }
      }, commit: { (chunk) in seen.append(chunk) })
    #expect(seen == seen.sorted() && seen.count == 28 + 6 * 100)
  }

  /// However many threads there are, what was before the first error was committed and nothing after it.
  @Test(arguments: [1, 3, 8])
  func theFirstErrorByNumberWins(threads: Int) {
    var seen: [Int] = []
    let error = #expect(throws: TraceError.self) {
      try OrderedWork<Int>.forEach(
        30, threads: threads,
        job: { number, emit throws(TraceError) in
          if number == 20 { throw TraceError(.damaged, "later") }
          usleep(200)
          if number == 11 { throw TraceError(.damaged, "first") }
          try emit(number)
        }, commit: { (number) in seen.append(number) })
    }
    #expect(error?.message == "first" && seen == Array(0..<11))
  }

  /// Results that are asked for come in order, with the first error by number, however many threads work.
  @Test(arguments: [0, 1, 3, 8])
  func askedResultsComeInOrder(threads: Int) throws {
    struct Failed: Error { let number: Int }
    let work = OrderedResults<Int, Result<Int, Failed>>(60, ahead: threads + 2) { number, done in
      done += 1
      usleep(UInt32((60 - number) * 20))
      return number == 50 || number == 37 ? .failure(Failed(number: number)) : .success(number)
    }
    try work.start(threads: threads) { 0 }
    defer { work.stop() }
    var (own, seen) = (0, [Int]())
    let error = #expect(throws: Failed.self) {
      while true {
        switch work.take(&own) {
        case .end: return
        case .yours(let number):
          if number == 50 || number == 37 { throw Failed(number: number) }
          seen.append(number)
        case .done(let result): seen.append(try result.get())
        }
      }
    }
    #expect(error?.number == 37 && seen == Array(0..<37))
    if threads == 0 { #expect(own == 0, "no job was begun ahead") }
  }

  /// No more jobs are begun than are asked for and so many ahead; one whose end nobody knows can be left.
  @Test(.timeLimit(.minutes(1)))
  func noJobIsBegunFarAhead() throws {
    let begun = Atomic<Int>(0)
    let work = OrderedResults<Int, Int>(.max, ahead: 4) { number, _ in
      begun.add(1, ordering: .relaxed)
      return number
    }
    try work.start(threads: 3) { 0 }
    var own = 0
    for number in 0..<10 {
      switch work.take(&own) {
      case .done(let result), .yours(let result): #expect(result == number)
      case .end: Issue.record("there is no end")
      }
      #expect(begun.load(ordering: .relaxed) <= number + 1 + 4)
    }
    work.stop()
  }

  @Test(.timeLimit(.minutes(1)))
  func aThreadThatCannotBeMadeIsAnError() throws {
    let ran = Atomic<Int>(0)
    try WorkThread.$isRefused.withValue(true) {
      #expect(throws: TraceError.self) { try WorkThread.start {} }
      #expect(throws: TraceError.self) {
        try concurrently(4) { _ in ran.add(1, ordering: .relaxed) }
      }
      // One thread is the caller's own.
      try concurrently(1) { _ in ran.add(1, ordering: .relaxed) }
      let stream = ReadAheadStream(MemoryStream([1, 2, 3], name: "m"))
      withUnsafeTemporaryAllocation(byteCount: 8, alignment: 1) { buffer in
        #expect(throws: TraceError.self) { try stream.read(into: buffer) }
      }
      let trace = try TraceOpener(formats: [Google2011Format()])
        .open(packageRoot.path + "/data/google-2011-mini")
      let error = #expect(throws: TraceError.self) {
        var options = ReadOptions()
        options.threads = 3
        let stream = try trace.records(options)
        while try stream.next() != nil {}
      }
      #expect(error?.message.contains("no thread can be started") == true)
    }
    #expect(ran.load(ordering: .relaxed) == 1)
  }
}
