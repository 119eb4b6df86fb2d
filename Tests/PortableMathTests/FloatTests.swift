import Foundation
import PortableMath
import Testing

/// Single precision: the number nearest to the true value.
@Suite struct FloatTests {
  @Test func nearest() {
    var off = 0
    for place in 0..<400_000 {
      let x = Float(-87 + 175 * Double(place) / 400_000)
      if PortableMath.expf(x) != Float(Foundation.exp(Double(x))) { off += 1 }
      let y = Float(bitPattern: UInt32(place) * 5323 + 1)
      if y.isFinite, PortableMath.logf(y) != Float(Foundation.log(Double(y))) { off += 1 }
    }
    // Where the C library's own double result rounds to the other side.
    #expect(off <= 1)
    #expect(PortableMath.expf(Float(-200)) == 0 && PortableMath.expf(Float(100)) == .infinity)
    #expect(PortableMath.logf(Float(0)) == -.infinity && PortableMath.logf(Float(-1)).isNaN)
    #expect(PortableMath.logf(Float(1)) == 0 && PortableMath.expf(Float(0)) == 1)
  }
}
