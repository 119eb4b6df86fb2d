/// The places of `elements` in the order of their keys; equal ones keep theirs.
///
/// The three integers of a key are packed into one word as far as their ranges allow, and the words
/// are sorted by radix, least digit first; where the word could not hold the whole key, runs of
/// equal words are sorted by comparison. O(n), O(n log n) at worst; 28 bytes an element for a while.
func sortedOrder<Element: ExternallySortable>(_ elements: [Element]) -> [UInt32] {
  elements.withUnsafeBufferPointer { sortedOrder($0) }
}

/// The same of elements in memory.
func sortedOrder<Element: ExternallySortable>(_ elements: UnsafeBufferPointer<Element>) -> [UInt32]
{
  var scratch = SortScratch()
  return scratch.sort(elements) { $0.map(\.place) }
}

/// The memory that sorting needs, for use again.
struct SortScratch: ~Copyable {
  private var keys = LargeArray<KeyedPlace>()
  private var other = LargeArray<KeyedPlace>()

  init() {}

  /// Calls `body` with the places of `elements` in the order of their keys.
  mutating func sort<Element: ExternallySortable, R>(
    _ elements: UnsafeBufferPointer<Element>, _ body: (UnsafeBufferPointer<KeyedPlace>) -> R
  ) -> R {
    precondition(elements.count <= UInt32.max)
    let count = elements.count
    guard count > 0 else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
    keys.grow(to: count)
    other.grow(to: count)
    let packing = KeyPacking(elements)
    var isSorted = true
    var before = elements[0].sortKey
    for place in 0..<count {
      let key = elements[place].sortKey
      isSorted = isSorted && !(key < before)
      before = key
      keys.base[place] = KeyedPlace(
        word: packing.word(key), place: UInt32(truncatingIfNeeded: place))
    }
    if isSorted { return body(UnsafeBufferPointer(start: keys.base, count: count)) }
    let sorted = UnsafeMutableBufferPointer(
      start: radixSort(keys.base, other.base, count, bits: packing.bits), count: count)
    if !packing.isExact { sortTies(sorted, elements) }
    return body(UnsafeBufferPointer(sorted))
  }
}

/// An element's key as a word, and where the element is.
struct KeyedPlace: BitwiseCopyable {
  var word: UInt64
  var place: UInt32
  /// In which of several memories; it takes no room.
  var source: UInt32 = 0
}

/// An entry whose word is that of others too.
private struct Tie: ExternallySortable {
  var sortKey: SortKey
  var entry: KeyedPlace
}

/// Sorts `entries` by their words, and equal words by `tie`. O(n), but for the ties. Returns whether
/// the result is in `scratch`.
func sortByWord(
  _ entries: UnsafeMutablePointer<KeyedPlace>, _ scratch: UnsafeMutablePointer<KeyedPlace>,
  _ count: Int, tie: (KeyedPlace) -> SortKey
) -> Bool {
  guard count > 1 else { return false }
  var (least, greatest) = (entries[0].word, entries[0].word)
  for index in 1..<count {
    least = min(least, entries[index].word)
    greatest = max(greatest, entries[index].word)
  }
  let bits = 64 - (greatest - least).leadingZeroBitCount
  let sorted = radixSort(entries, scratch, count, bits: bits, least: least)
  var ties: [Tie] = []
  var tieScratch = SortScratch()
  var start = 0
  while start < count {
    var end = start + 1
    while end < count, sorted[end].word == sorted[start].word { end += 1 }
    if end - start > 1 {
      ties.removeAll(keepingCapacity: true)
      for index in start..<end {
        ties.append(Tie(sortKey: tie(sorted[index]), entry: sorted[index]))
      }
      if ties.count < 64 {  // the tables of a radix sort are not worth it
        ties.sort { $0.sortKey < $1.sortKey }
        for index in start..<end { sorted[index] = ties[index - start].entry }
      } else {
        ties.withUnsafeBufferPointer { ties in
          tieScratch.sort(ties) { order in
            for index in start..<end { sorted[index] = ties[Int(order[index - start].place)].entry }
          }
        }
      }
    }
    start = end
  }
  return sorted == scratch
}

/// How keys become words of the same order: the integers, less their least values, one above the
/// other; bits that do not fit are cut off at the low end.
private struct KeyPacking {
  private var least: SortKey
  private var minorBits: Int
  private var lastBits: Int
  private var dropped: Int
  let bits: Int
  var isExact: Bool { dropped == 0 }

  init<Element: ExternallySortable>(_ elements: UnsafeBufferPointer<Element>) {
    var low = elements[0].sortKey
    var high = low
    for element in elements {
      let key = element.sortKey
      low = SortKey(
        major: min(low.major, key.major), minor: min(low.minor, key.minor),
        last: min(low.last, key.last))
      high = SortKey(
        major: max(high.major, key.major), minor: max(high.minor, key.minor),
        last: max(high.last, key.last))
    }
    func width(_ low: Int64, _ high: Int64) -> Int {
      64 - UInt64(bitPattern: high &- low).leadingZeroBitCount
    }
    let majorBits = width(low.major, high.major)
    least = low
    minorBits = width(low.minor, high.minor)
    lastBits = width(low.last, high.last)
    let all = majorBits + minorBits + lastBits
    dropped = max(0, all - 64)
    bits = min(64, all)
  }

  @inline(__always) func word(_ key: SortKey) -> UInt64 {
    let major = UInt64(bitPattern: key.major &- least.major)
    let minor = UInt64(bitPattern: key.minor &- least.minor)
    let last = UInt64(bitPattern: key.last &- least.last)
    // Smart shifts: by more than 63 they give 0, by less than 0 they go the other way.
    return major << (minorBits + lastBits - dropped) | minor << (lastBits - dropped)
      | last >> dropped
  }
}

/// Sorts by the low `bits` of the words less `least`, 11 at a time; stable. Returns which of the two
/// memories the result is in.
private func radixSort(
  _ keys: UnsafeMutablePointer<KeyedPlace>, _ scratch: UnsafeMutablePointer<KeyedPlace>,
  _ count: Int, bits: Int, least: UInt64 = 0
) -> UnsafeMutablePointer<KeyedPlace> {
  var (source, target) = (keys, scratch)
  var counts = [Int](repeating: 0, count: 2048)
  for shift in stride(from: 0, to: bits, by: 11) {
    let isOneDigit = counts.withUnsafeMutableBufferPointer { counts in
      counts.update(repeating: 0)
      for index in 0..<count {
        counts[Int((source[index].word &- least) >> UInt64(shift) & 2047)] += 1
      }
      if counts[Int((source[0].word &- least) >> UInt64(shift) & 2047)] == count { return true }
      var sum = 0
      for digit in 0..<2048 { (counts[digit], sum) = (sum, sum + counts[digit]) }
      for index in 0..<count {
        let key = source[index]
        let digit = Int((key.word &- least) >> UInt64(shift) & 2047)
        target[counts[digit]] = key
        counts[digit] += 1
      }
      return false
    }
    if !isOneDigit { swap(&source, &target) }
  }
  return source
}

/// Sorts runs of equal words by the whole key, then by place.
private func sortTies<Element: ExternallySortable>(
  _ keys: UnsafeMutableBufferPointer<KeyedPlace>, _ elements: UnsafeBufferPointer<Element>
) {
  var start = 0
  while start < keys.count {
    var end = start + 1
    while end < keys.count, keys[end].word == keys[start].word { end += 1 }
    if end - start > 1 {
      var ties = UnsafeMutableBufferPointer(rebasing: keys[start..<end])
      ties.sort {
        let (a, b) = (elements[Int($0.place)].sortKey, elements[Int($1.place)].sortKey)
        return a != b ? a < b : $0.place < $1.place
      }
    }
    start = end
  }
}
