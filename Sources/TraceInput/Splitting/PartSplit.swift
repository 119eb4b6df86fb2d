import Diagnostics

/// What a reading does with the parts of a table that are split over processes: keep what its share of them
/// holds, or take what others kept in their place.
package enum PartSplit {
  /// Reads a share of the parts, and hands over what they hold. No record is made.
  case writing(any FragmentSink)
  /// Reads no part: takes what was kept of each.
  case reading(any FragmentSource)
}

/// Takes what was found in parts.
package protocol FragmentSink: AnyObject {
  /// Which of a table's parts are to be read here, by their place in the table.
  func share(of files: [TraceInput.File]) -> Range<Int>

  /// Adds a piece of what a part holds; those of one part come in their order.
  func add(_ piece: [UInt8], of file: TraceInput.File) throws(TraceError)

  /// Says that what `file` holds is among the pieces of `first`, a part before it.
  func join(_ file: TraceInput.File, to first: TraceInput.File) throws(TraceError)
}

/// Gives what was found in parts. Called from any thread.
package protocol FragmentSource: AnyObject, Sendable {
  /// How many pieces a part has.
  func pieces(of file: TraceInput.File) throws(TraceError) -> Int

  /// Whether what a part holds is among the pieces of one before it; it has none of its own then.
  func isJoined(_ file: TraceInput.File) throws(TraceError) -> Bool

  /// A piece, checked against its checksum.
  func piece(_ number: Int, of file: TraceInput.File) throws(TraceError) -> [UInt8]
}

/// What can be kept of a row.
package protocol FragmentItem {
  /// Appends it to `out`.
  func encode(to out: inout FragmentEncoder)
  /// Reads it back. What is not plausible is told by `FragmentDecoder.isDamaged`.
  init(from input: inout FragmentDecoder)
}

extension TraceInput.Group {
  /// Whether each part can be read by itself, by whichever process.
  package var isSplittable: Bool {
    damage == nil
      && files.allSatisfy {
        switch $0.location {
        case .file, .remote: true
        case .entry, .standardInput, .spooled, .database: false
        }
      }
  }
}
