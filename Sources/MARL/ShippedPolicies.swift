import Foundation
import ShippedFiles

/// The trained schedulers that are part of the program, wherever it is moved to.
public enum ShippedPolicies {
  /// Names of the policies, for `marl:NAME`.
  public static let names = ["study-setting", "study-100"]
  /// Names of the tuned rules, for `one-step:NAME`.
  public static let ruleNames = ["study-100"]

  /// The checkpoint of a policy; nil if there is none of that name.
  public static func checkpoint(_ name: String) -> Data? {
    ShippedFile.bytes("policies/\(name).safetensors").map { Data($0) }
  }

  /// How a policy learned, as `tracemill train` writes it down; nil if there is none of that name.
  public static func curve(_ name: String) -> String? {
    ShippedFile.text("policies/\(name).curve.csv")
  }

  /// Names of the learned orders of the queue, for `order:NAME`: those that the program was built with.
  public static let orderNames = [
    "hpc2n", "hpc2n-shadow", "hpc2n-first", "hpc2n-first-shadow", "lublin-1", "lublin-1-shadow",
    "lublin-2", "lublin-2-shadow",
  ].filter { order($0) != nil }

  /// The file of a learned order; nil if there is none of that name.
  public static func order(_ name: String) -> Data? {
    ShippedFile.bytes("policies/order-\(name).safetensors").map { Data($0) }
  }

  /// Names of the learned choices of devices, for `device:NAME`.
  public static let deviceNames = ["devices-fgd"]

  /// The file of a learned choice of devices; nil if there is none of that name.
  public static func device(_ name: String) -> Data? {
    deviceNames.contains(name)
      ? ShippedFile.bytes("policies/\(name).safetensors").map { Data($0) } : nil
  }

  /// Names of the learned choices of stages, for `stage:NAME`: those that the program was built with.
  public static let stageNames = ["stages-tpch"].filter { stage($0) != nil }

  /// The file of a learned choice of stages; nil if there is none of that name.
  public static func stage(_ name: String) -> Data? {
    ShippedFile.bytes("policies/\(name).safetensors").map { Data($0) }
  }

  /// The constants of a tuned rule as JSON; nil if there is none of that name.
  public static func rule(_ name: String) -> Data? {
    ShippedFile.bytes("policies/one-step-\(name).json").map { Data($0) }
  }
}
