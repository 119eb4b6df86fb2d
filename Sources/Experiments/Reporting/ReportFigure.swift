import Quoting

/// A figure as data: drawn by Chart.js in a page and by gnuplot for a paper.
public struct ReportFigure: Sendable {
  /// How its points are drawn.
  public enum Kind: String, Sendable {
    /// Lines through points.
    case lines
    /// Groups of bars over categories.
    case bars
    /// Points.
    case scatter
    /// A line for each category, from the top, with points and intervals along it: `y` is the
    /// category's index.
    case dots
  }

  /// An axis.
  public struct Axis: Sendable {
    /// What is on it, with the unit.
    public var label: String
    /// Whether it is logarithmic; points that are not above 0 are then left out.
    public var isLogarithmic: Bool

    /// An axis.
    public init(_ label: String, isLogarithmic: Bool = false) {
      self.label = label
      self.isLogarithmic = isLogarithmic
    }
  }

  /// A point; of bars, `x` is the category's index.
  public struct Point: Sendable {
    /// Its place.
    public var x: Double
    /// Its value.
    public var y: Double
    /// An interval about `y`.
    public var yInterval: ClosedRange<Double>?
    /// An interval about `x`.
    public var xInterval: ClosedRange<Double>?

    /// A point, with intervals where they are known.
    public init(
      _ x: Double, _ y: Double, yInterval: ClosedRange<Double>? = nil,
      xInterval: ClosedRange<Double>? = nil
    ) {
      self.x = x
      self.y = y
      self.yInterval = yInterval
      self.xInterval = xInterval
    }
  }

  /// Points that belong together.
  public struct Series: Sendable {
    /// What the legend calls them.
    public var name: String
    /// Their colour and mark, the same for a scheduler in every figure.
    public var style: Int
    /// Whether their line is dashed and has no marks: a fit, a front.
    public var isDashed: Bool
    /// Whether their line has marks.
    public var hasMarks: Bool
    /// Whether it jumps: each value holds back to the point before.
    public var isStepped: Bool
    /// Them.
    public var points: [Point]

    /// A series.
    public init(
      _ name: String, style: Int, isDashed: Bool = false, hasMarks: Bool = false,
      isStepped: Bool = false, points: [Point]
    ) {
      self.isStepped = isStepped
      self.name = name
      self.style = style
      self.isDashed = isDashed
      self.hasMarks = hasMarks
      self.points = points
    }
  }

  /// Its name in files and links: letters, digits and dashes.
  public var id: String
  /// Its title.
  public var title: String
  /// What has to be known to read it.
  public var caption: String
  /// How it is drawn.
  public var kind: Kind
  /// The axis from left to right.
  public var x: Axis
  /// The axis upwards.
  public var y: Axis
  /// Names of the categories of bars.
  public var categories: [String]
  /// What is drawn.
  public var series: [Series]
  /// Stretches of the axis from left to right behind which the ground is shaded.
  public var shaded: [ClosedRange<Double>]
  /// Whether it may stand beside others of its kind.
  public var isSmall: Bool

  /// A figure; points that are not finite, and those that a logarithmic axis cannot show, are dropped.
  public init(
    id: String, title: String, caption: String, kind: Kind, x: Axis, y: Axis,
    categories: [String] = [], series: [Series], shaded: [ClosedRange<Double>] = [],
    isSmall: Bool = false
  ) {
    self.shaded = shaded
    self.isSmall = isSmall
    self.id = Quoting.identifier(id)
    self.title = title
    self.caption = caption
    self.kind = kind
    self.x = x
    self.y = y
    self.categories = categories
    self.series = series.map { series in
      var kept = series
      kept.points = series.points.filter {
        $0.x.isFinite && $0.y.isFinite && (!x.isLogarithmic || $0.x > 0)
          && (!y.isLogarithmic || $0.y > 0)
      }
      return kept
    }.filter { !$0.points.isEmpty }
  }

  /// Whether there is nothing to draw.
  public var isEmpty: Bool { series.isEmpty }

  /// What the page's script draws it from.
  var json: JSONValue {
    func axis(_ axis: Axis) -> JSONValue {
      .object([("label", .string(axis.label)), ("log", .bool(axis.isLogarithmic))])
    }
    func range(_ range: ClosedRange<Double>) -> JSONValue {
      .array([.number(range.lowerBound), .number(range.upperBound)])
    }
    return .object([
      ("id", .string(id)), ("title", .string(title)), ("kind", .string(kind.rawValue)),
      ("x", axis(x)), ("y", axis(y)), ("categories", .array(categories.map { .string($0) })),
      ("shaded", .array(shaded.map(range))), ("small", .bool(isSmall)),
      (
        "series",
        .array(
          series.map { series in
            var pairs: [(String, JSONValue)] = [
              ("name", .string(series.name)), ("style", .integer(series.style)),
              ("dashed", .bool(series.isDashed)), ("marks", .bool(series.hasMarks)),
              ("stepped", .bool(series.isStepped)),
              ("x", .array(series.points.map { .number($0.x) })),
              ("y", .array(series.points.map { .number($0.y) })),
            ]
            if series.points.contains(where: { $0.yInterval != nil }) {
              pairs.append(
                ("yRange", .array(series.points.map { $0.yInterval.map(range) ?? .null })))
            }
            if series.points.contains(where: { $0.xInterval != nil }) {
              pairs.append(
                ("xRange", .array(series.points.map { $0.xInterval.map(range) ?? .null })))
            }
            return .object(pairs)
          })
      ),
    ])
  }
}
