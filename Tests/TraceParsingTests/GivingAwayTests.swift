import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

/// What is told of unknown files, and what is left of names in a trace that is given away.
@Suite struct GivingAwayTests {
  @Test func `users become numbers and times begin at nought`() throws {
    let folder = try ScratchFolder()
    let path = try folder.write(
      "a.csv",
      "job_id,user,submit_us,run_us,end_us\n1,ann,5000000,7,9000000\n2,bob,6000000,8,\n3,ann,7000000,9,\n"
    )
    func read(_ salt: String) throws -> (records: [TaskRecord], names: [String]) {
      let stream = try TraceOpener(formats: [RecordFileFormat()]).open(path)
        .records(ReadOptions()).anonymised(salt: Array(salt.utf8))
      let records = try Formats.drain(stream)
      #expect(stream.report.notes.contains { $0.kind == .leftOut && $0.scope == "names" })
      return (records, records.map { stream.symbols[$0.user] })
    }
    let first = try read("one")
    #expect(first.records.map(\.submit.rawValue) == [0, 1_000_000, 2_000_000])
    #expect(first.records[0].end.rawValue == 4_000_000 && !first.records[1].end.isKnown)
    #expect(first.records.map(\.runTime.rawValue) == [7, 8, 9])
    #expect(first.names[0] == first.names[2] && first.names[0] != first.names[1])
    #expect(first.names.allSatisfy { UInt64($0) != nil })
    #expect(try read("one").names == first.names)
    #expect(try read("two").names[0] != first.names[0])
  }

  @Test func `an unknown file is told with the nearest format, and gets a map to begin from`()
    throws
  {
    let folder = try ScratchFolder()
    let path = try folder.write(
      "jobs.csv",
      "job_id,user,gpu_num,cpu_num,state,submit_time,start_time,end_time\n1,a,1,2,DONE,1,2,3\n")
    #expect {
      _ = try TraceOpener(formats: MappedTableFormat.presets).open(path)
    } throws: { error in
      "\(error)".contains("; nearest is ") && "\(error)".contains("node_num")
        && !"\(error)".contains("\n")
    }
    let yaml = try MappingGuess(TraceInput(path: path)).yaml
    for line in [
      "  submit_us: { from: submit_time, unit: s }  # guess", "  job_id: job_id  # guess",
      "  end_us: { from: end_time, unit: s }  # guess",
      "  gpu_milli: { from: gpu_num, unit: gpu }  # guess",
      "  outcome: state  # guess", "#   1 | a | 1 | 2 | DONE | 1 | 2 | 3",
    ] { #expect(yaml.contains(line), "\(line) in \(yaml)") }
    // It is a map: with words for the outcomes it reads the file.
    let map = try folder.write(
      "map.yaml",
      yaml.replacing("outcome: state", with: "outcome: {from: state, values: {DONE: finished}}"))
    let mapping = try TableMapping(file: .init(path: map))
    let trace = try TraceOpener(formats: [MappedTableFormat(name: "columns", mapping: mapping)])
      .open(path)
    #expect(try Formats.drain(try trace.records(ReadOptions())).first?.runTime.seconds == 1)
  }

  /// Dates have no unit that could be guessed; the map reads the file as it is.
  @Test func `a map to begin from sees that a column has dates`() throws {
    let folder = try ScratchFolder()
    let path = try folder.write(
      "mine.csv",
      "Name,Submit,Start,Finish,Cores\n7,2023-11-14T22:14:21,2023-11-14T22:18:59,2023-11-14T22:28:03,2\n"
        + "8,2023-11-14T22:16:56,,2023-11-14T23:03:50,4\n")
    let yaml = try MappingGuess(TraceInput(path: path)).yaml
    #expect(yaml.contains("  submit_us: Submit  # guess"), "\(yaml)")
    #expect(yaml.contains("  end_us: Finish  # guess"), "\(yaml)")
    #expect(yaml.contains("  cpu_cores: { from: Cores, unit: cores }  # guess"), "\(yaml)")
    let map = try folder.write("map.yaml", yaml)
    let format = MappedTableFormat(
      name: "columns", mapping: try TableMapping(file: .init(path: map)))
    let trace = try TraceOpener(formats: [format]).open(path)
    let tasks = try Formats.drain(try trace.records(ReadOptions()))
    #expect(tasks.map(\.submit.seconds) == [0, 155])
    #expect(tasks[0].runTime.seconds == 544)
    // A unit that is said all the same is told.
    let wrong = try TableMapping(
      file: .init(text: "columns: {submit_us: {from: Submit, unit: s}, run_us: Cores}", name: "m"))
    #expect {
      let trace = try TraceOpener(formats: [MappedTableFormat(name: "columns", mapping: wrong)])
        .open(path)
      _ = try Formats.drain(try trace.records(ReadOptions()))
    } throws: { error in
      "\(error)".hasSuffix(
        "mine.csv:2:2: Submit '2023-11-14T22:14:21' is not a number but a date-time, which has no unit"
      )
    }
  }
}
