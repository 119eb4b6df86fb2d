// Of single precision: by way of double, whose error is some 10^-9 of a step of single precision. The result is the
// number nearest to the true one but where that lies as close as this to the middle between two numbers.

/// e^x, correctly rounded but for one argument in some 10^8; the same on every machine.
@inlinable public func expf(_ x: Float) -> Float { Float(exp(Double(x))) }

/// The natural logarithm, correctly rounded but for one argument in some 10^8; -infinity at 0, NaN below. The same on
/// every machine.
@inlinable public func logf(_ x: Float) -> Float { Float(log(Double(x))) }

/// log(1 + x), likewise.
@inlinable public func log1pf(_ x: Float) -> Float { Float(log1p(Double(x))) }

/// x^y for x ≥ 0, likewise.
@inlinable public func powf(_ x: Float, _ y: Float) -> Float { Float(pow(Double(x), Double(y))) }
