import Testing
import TraceInput
import TraceParsing
import Workload

/// LSF's lsb.acct, in lines made after IBM's description of JOB_FINISH records.
@Suite struct LSFTests {
  /// Numbers of hosts asked for and run on differ from line to line, and so do the places of fields
  /// behind them.
  private static let text = """
    "JOB_NEW" "10.1" 1709287190 41 501 33554438 8 1709287190 0 0 0 "ann"
    "JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "select[mem>1]" "" "" "login1" "proj" "" "out" "" "1709287200.41" 0 2 "n1" "n2" 64 60.0 "my job" "run 1" 12.5 0.1 -1 -1 0
    "JOB_FINISH" "10.1" 1709290000 42 502 33554438 1 1709287300 0 0 1709287400 "bob" "long" "" "" "" "login1" "" "" "" "" "1709287300.42" 1 "n7" 1 "n7" 32 60.0 "" "run 2" 1 0 -1 -1 0
    "JOB_FINISH" "10.1" 1709287500 43 502 33554438 1 1709287400 0 0 0 "bob" "long" "" "" "" "login1" "" "" "" "" "1709287400.43" 0 0 32 60.0 "" "run 3" -1 -1 -1 -1 0

    """

  @Test func `jobs that ended, whatever hosts they had`() throws {
    let folder = try ScratchFolder()
    let path = try folder.write("lsb.acct", Self.text)
    let trace = try TraceOpener(formats: MappedTableFormat.presets).open(path)
    #expect(trace.format == "lsf")
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    #expect(records.map(\.id.job) == [41, 42, 43])
    #expect(records.map(\.submit.seconds) == [0, 100, 200])
    #expect(records.map(\.runTime.seconds) == [3600, 2600, 0])
    #expect(records.map(\.waitTime.seconds) == [60, 100, 100])
    #expect(records.map(\.outcome) == [.finished, .failed, .failed])
    #expect(records.map(\.attempts) == [1, 1, 0])
    #expect(records.map(\.request.cpu) == [Cores(8), Cores(1), Cores(1)])
    #expect(records.map { stream.symbols[$0.user] } == ["ann", "bob", "bob"])
    #expect(
      stream.report.notes.contains {
        $0.kind == .leftOut && $0.scope == "tasks" && $0.figures == ["rows": 1]
      })
  }
}
