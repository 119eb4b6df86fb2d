import Foundation
import MARL

/// Training over time, as a table and as a picture.
public struct TrainingCurve {
  private let history: [IterationReport]

  /// Where the table of a policy is: `policy.curve.csv` beside `policy.safetensors`.
  public static func path(beside policy: String) -> String {
    URL(fileURLWithPath: policy).deletingPathExtension().relativePath + ".curve.csv"
  }

  /// The curve of a training.
  public init(_ history: [IterationReport]) { self.history = history }

  /// A row an iteration.
  public var csv: String {
    var text =
      "iteration,decisions,reward,service,completion,energy,imbalance,policy_loss,value_loss,entropy,"
      + "clipped,gradient_norm,validation\n"
    for report in history {
      let values = [
        report.reward, report.terms.service, report.terms.completion, report.terms.energy,
        report.terms.imbalance, report.update.policyLoss, report.update.valueLoss,
        report.update.entropy, report.update.clipped, report.update.gradientNorm,
      ]
      text +=
        "\(report.iteration),\(report.decisions),"
        + values.map { fixed($0, 6) }.joined(separator: ",") + ","
        + (report.validation.map { fixed($0, 6) } ?? "") + "\n"
    }
    return text
  }

  /// Reward over decisions: of exploring agents a line, of the validations points.
  public var svg: String {
    let explored = history.map { (Double($0.decisions), $0.reward) }
    let validated = history.compactMap { report in
      report.validation.map { (Double(report.decisions), $0) }
    }
    let all = (explored + validated).filter { $0.1.isFinite }
    let (width, height, margin) = (800.0, 500.0, 60.0)
    let most = max(all.map(\.0).max() ?? 1, 1)
    let low = (all.map(\.1).min() ?? 0)
    let high = max(all.map(\.1).max() ?? 1, low + 1e-3)
    func x(_ value: Double) -> Double { margin + value / most * (width - 2 * margin) }
    func y(_ value: Double) -> Double {
      height - margin - (value - low) / (high - low) * (height - 2 * margin)
    }
    func points(_ values: [(Double, Double)]) -> String {
      values.map { "\(fixed(x($0.0), 1)),\(fixed(y($0.1), 1))" }.joined(separator: " ")
    }
    var marks = ""
    for step in 0...4 {
      let (value, decisions) = (low + (high - low) * Double(step) / 4, most * Double(step) / 4)
      marks += """
        <text x="\(margin - 6)" y="\(fixed(y(value) + 4, 1))" text-anchor="end">\(fixed(value, 3))</text>
        <text x="\(fixed(x(decisions), 1))" y="\(height - margin + 18)" text-anchor="middle">\
        \(short(decisions))</text>

        """
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" font-family="sans-serif" \
      font-size="12">
      <rect width="\(width)" height="\(height)" fill="white"/>
      <path d="M\(margin) \(margin)V\(height - margin)H\(width - margin)" fill="none" stroke="black"/>
      \(marks)<text x="\(width / 2)" y="\(height - 12)" text-anchor="middle">decisions</text>
      <text x="\(margin)" y="\(margin - 16)">reward: exploring (line), on validation seeds (points)</text>
      <polyline points="\(points(explored))" fill="none" stroke="#1f77b4"/>
      \(validated.map {
        "<circle cx=\"\(fixed(x($0.0), 1))\" cy=\"\(fixed(y($0.1), 1))\" r=\"3\" fill=\"#d62728\"/>"
      }.joined(separator: "\n"))
      </svg>

      """
  }
}
