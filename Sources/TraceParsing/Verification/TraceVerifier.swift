import Diagnostics
import Foundation
import TraceInput

/// Checks a trace without making anything of it: checksums, archives and their CRCs, part series,
/// and the rows of every table that is understood.
public struct TraceVerifier {
  /// One thing that was checked.
  public struct Result: Equatable, Sendable {
    /// What kind of check.
    public enum Check: String, Sendable, CaseIterable {
      case checksums, files, integrity, parts, rows
    }

    /// What kind of check.
    public var check: Check
    /// The manifest, file or table.
    public var subject: String
    /// Whether it is as it should be.
    public var passed: Bool
    /// What was found.
    public var detail: String
  }

  private let opener: TraceOpener
  private let options: ReadOptions
  private let acceptsMissing: Bool
  private var results: [Result] = []
  private var passedOver: [PassedOverFile] = []

  /// - Parameters:
  ///   - opener: knows the formats.
  ///   - options: how rows are read.
  ///   - acceptsMissing: whether parts and listed files that are not there are in order, as when only
  ///     some of a trace was fetched.
  public init(_ opener: TraceOpener, options: ReadOptions, acceptsMissing: Bool = false) {
    self.opener = opener
    self.options = options
    self.acceptsMissing = acceptsMissing
  }

  /// Everything that was checked at `path`, in order. Damage is a result, not an error.
  ///
  /// - Throws: `TraceError` if there is nothing at `path`.
  public static func verify(
    _ path: String, _ opener: TraceOpener, options: ReadOptions, acceptsMissing: Bool = false,
    format: String? = nil, table: String? = nil
  ) throws(TraceError) -> [Result] {
    guard FileStatus(path).kind != .absent else {
      throw TraceError(.inputOutput, "no such file or folder", file: path)
    }
    var verifier = TraceVerifier(opener, options: options, acceptsMissing: acceptsMissing)
    verifier.checkManifests(path)
    verifier.checkContent(path, format: format, table: table)
    return verifier.results
  }

  private mutating func add(
    _ check: Result.Check, _ subject: String, _ passed: Bool, _ detail: String
  ) {
    results.append(
      Result(check: check, subject: FileName.printed(subject), passed: passed, detail: detail))
  }

  // MARK: - Checksums

  private mutating func checkManifests(_ path: String) {
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    guard isFolder.boolValue else { return }
    let names = (FileManager.default.enumerator(atPath: path)?.allObjects as? [String]) ?? []
    for name in names.sorted() {
      guard let kind = ChecksumManifest.kind(ofName: FileName.last(name)) else {
        continue
      }
      do throws(TraceError) {
        try check(try ChecksumManifest(path: path + "/" + name, kind: kind))
      } catch {
        add(.checksums, name, false, "\(error)")
      }
    }
  }

  private mutating func check(_ manifest: ChecksumManifest) throws(TraceError) {
    let folder = FileName.parent(manifest.path)
    var (right, absent, wrong) = (0, 0, 0)
    for entry in manifest.entries {
      let file = folder + "/" + entry.name
      guard FileManager.default.fileExists(atPath: file) else {
        absent += 1
        if !acceptsMissing {
          add(
            .checksums, entry.name, false, "\(manifest.path):\(entry.line): the file is not there")
        }
        continue
      }
      let digest = try manifest.kind.ofFile(file, meter: options.meter)
      if digest == entry.digest {
        right += 1
      } else {
        wrong += 1
        add(
          .checksums, entry.name, false,
          "\(manifest.kind.rawValue) is \(digest), \(manifest.path):\(entry.line) says "
            + entry.digest)
      }
    }
    let isGood = wrong == 0 && (absent == 0 || acceptsMissing) && right > 0
    add(
      .checksums, manifest.path, isGood,
      "\(right) of \(manifest.entries.count) files right, \(wrong) wrong, \(absent) not there")
  }

  // MARK: - Content

  private mutating func checkContent(_ path: String, format: String?, table: String?) {
    let input: TraceInput
    do throws(TraceError) {
      input = try TraceInput(
        path: path, meter: options.meter, maximumExpansion: options.maximumExpansion,
        temporaryDirectory: options.temporaryDirectory)
    } catch {
      add(.integrity, path, false, "\(error)")
      return
    }
    passedOver = input.passedOver
    defer { checkFiles(path) }
    for group in input.groups { checkIntegrity(group) }
    for group in input.groups where group.files.count > 1 || group.total ?? 1 > 1 {
      checkSeries(group)
    }
    let isPipe = input.groups.contains { group in
      group.files.contains { if case .standardInput = $0.location { true } else { false } }
    }
    if isPipe {
      add(.rows, path, false, "a pipe can be read only once: give a file to have its rows checked")
      return
    }
    checkRows(path, format: format, table: table)
  }

  /// Reads every byte: wrong CRCs, wrong lengths and truncation show.
  private mutating func checkIntegrity(_ group: TraceInput.Group) {
    var (good, bad, bytes) = (0, 0, 0)
    var parts = PartCursor(group, options)
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { block.deallocate() }
    for file in group.files {
      do throws(TraceError) {
        if group.isParquet {
          _ = try file.openParquet()
          good += 1
          continue
        }
        if group.isSQLite {
          _ = try file.openDatabase()
          good += 1
          continue
        }
        guard let (_, stream) = try parts.next() else { break }
        while true {
          let count = try stream.read(into: block)
          if count == 0 { break }
          bytes += count
        }
        good += 1
      } catch {
        bad += 1
        add(.integrity, file.name, false, error.message)
      }
    }
    if let damage = group.damage {
      bad += 1
      add(.integrity, damage.file ?? group.subject, false, damage.message)
    }
    let text = bytes > 0 ? ", \(bytes) bytes of content" : ""
    add(
      .integrity, group.subject, bad == 0,
      "\(good) of \(good + bad) files whole\(text)")
  }

  /// What is not read: each file that rows may be in is a fault.
  private mutating func checkFiles(_ path: String) {
    for file in passedOver where file.mayHoldRows {
      add(.files, FileName.printed(file.name), false, "not read: \(file.reason)")
    }
    let others = passedOver.filter { !$0.mayHoldRows }
    if let note = PassedOverFile.note(others) { add(.files, path, true, note.text) }
  }

  private mutating func checkSeries(_ group: TraceInput.Group) {
    let beyond = group.files.first { file in
      let part = PartName(file.baseName)
      return part.total.map { part.number ?? 0 >= $0 } ?? false
    }
    if let beyond {
      add(.parts, group.subject, false, "the number of \(beyond.name) is not below its total")
    }
    guard !group.numbers.isEmpty else { return }
    var problems: [String] = []
    var onlyMissing = true
    if !group.missing.isEmpty { problems.append("\(group.missingCount) missing between them") }
    if let total = group.total {
      if group.files.count + group.missingCount < total {
        problems.append("the names say \(total)")
      }
      let others = group.files.filter { PartName($0.baseName).total != total }
      if let other = others.first {
        problems.append("\(other.name) is of another series")
        onlyMissing = false
      }
    }
    let span = "parts \(group.numbers[0]) to \(group.numbers[group.numbers.count - 1])"
    let detail = problems.isEmpty ? span : "\(span): \(problems.joined(separator: ", "))"
    add(.parts, group.subject, problems.isEmpty || (acceptsMissing && onlyMissing), detail)
  }

  private mutating func checkRows(_ path: String, format: String?, table: String?) {
    let trace: any RecognisedTrace
    do throws(TraceError) {
      trace = try opener.open(
        path, format: format, table: table, meter: options.meter,
        maximumExpansion: options.maximumExpansion,
        temporaryDirectory: options.temporaryDirectory)
    } catch {
      add(.rows, path, false, "\(error)")
      return
    }
    passedOver = trace.passedOver
    for table in trace.tables {
      var first: String?
      var counts: [String: Int] = [:]
      do throws(TraceError) {
        var lenient = options
        var lines = 0
        let log = try RejectLog { line throws(TraceError) in
          lines += 1
          if lines == 2 { first = line }
        }
        lenient.rejects = log
        let survey = try trace.survey(table.name, lenient)
        counts = log.counts
        if survey.repeated > 0 {
          add(
            .rows, table.name, false, "\(survey.repeated) rows repeat a task that has a row already"
          )
        }
        let bad = counts.values.reduce(0, +)
        guard bad > 0 else {
          add(
            .rows, table.name, true,
            "\(survey.rows) \(survey.rows == 1 ? "row" : "rows") of \(trace.format), well formed")
          continue
        }
        let reasons = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        var detail = "\(bad) of \(survey.rows) rows: \(reasons.joined(separator: ", "))"
        if let first { detail += "; the first: \(Self.place(first))" }
        add(.rows, table.name, false, detail)
      } catch {
        add(.rows, table.name, false, "\(error)")
      }
    }
  }

  /// `file:line:column: message` of a line of rejects.
  private static func place(_ line: String) -> String {
    let batch = RowBatch()
    let reader = LibCSVRowReader(MemoryStream(Array(line.utf8), name: ""))
    guard (try? reader.nextBatch(batch)) ?? false else { return line }
    return batch.withRow(0) { row in
      let place = (0..<3).map { row.text($0) }.filter { !$0.isEmpty }.joined(separator: ":")
      return row.count > 3 ? "\(place): \(row.text(3))" : line
    }
  }
}

extension TraceInput.Group {
  /// What results call it: its one file, or its folder.
  fileprivate var subject: String {
    if files.count == 1 { return files[0].name }
    let folder = FileName.parent(files[0].name)
    return folder.isEmpty ? files[0].name : folder
  }
}
