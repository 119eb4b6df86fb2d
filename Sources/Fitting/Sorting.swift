/// `values` in ascending order. NaN is not allowed.
///
/// Radix sort on the bit patterns, eleven bits a pass, skipping passes in which all keys agree:
/// O(n), five to ten times as fast as comparison sorting, and what the tail bootstrap spends most
/// of its time in.
package func sortedAscending(_ values: [Double]) -> [Double] {
  if values.count < 256 { return values.sorted() }
  let count = values.count
  var keys = values.map(orderedBits)
  var spare = [UInt64](repeating: 0, count: count)
  var histograms = [Int](repeating: 0, count: 6 * 2048)
  histograms.withUnsafeMutableBufferPointer { histogram in
    for key in keys {
      for pass in 0..<6 { histogram[pass * 2048 + Int((key >> UInt64(11 * pass)) & 2047)] += 1 }
    }
  }
  for pass in 0..<6 {
    let base = pass * 2048
    let shift = UInt64(11 * pass)
    if histograms[base + Int((keys[0] >> shift) & 2047)] == count { continue }
    var offset = 0
    for digit in 0..<2048 {
      let size = histograms[base + digit]
      histograms[base + digit] = offset
      offset += size
    }
    keys.withUnsafeBufferPointer { source in
      spare.withUnsafeMutableBufferPointer { target in
        histograms.withUnsafeMutableBufferPointer { histogram in
          for key in source {
            let slot = base + Int((key >> shift) & 2047)
            target[histogram[slot]] = key
            histogram[slot] += 1
          }
        }
      }
    }
    swap(&keys, &spare)
  }
  return keys.map(fromOrderedBits)
}

/// Bits whose unsigned order is the order of the numbers.
private func orderedBits(_ value: Double) -> UInt64 {
  let bits = value.bitPattern
  return bits >> 63 == 1 ? ~bits : bits | 1 << 63
}

private func fromOrderedBits(_ bits: UInt64) -> Double {
  Double(bitPattern: bits >> 63 == 1 ? bits & ~(1 << 63) : ~bits)
}
