// swift-tools-version: 6.2
import PackageDescription

// The service for Kubernetes stands apart, so that its server is nobody else's dependency.
// Rules and objects of Kubernetes are the toolkit's own, which simulates with them.
let objects = Target.Dependency.product(name: "KubeObjects", package: "tracemill")
let extender = Target.Dependency.product(name: "KubeExtender", package: "tracemill")
let rules = Target.Dependency.product(name: "KubeRules", package: "tracemill")

let package = Package(
  name: "tracemill-kube",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "tracemill-kube", targets: ["tracemill-kube"])],
  dependencies: [
    .package(name: "tracemill", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", .upToNextMinor(from: "1.8.0")),
    .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.0")),
    .package(url: "https://github.com/apple/swift-nio", .upToNextMinor(from: "2.101.0")),
    .package(url: "https://github.com/apple/swift-nio-ssl", .upToNextMinor(from: "2.37.0")),
    .package(url: "https://github.com/jpsim/Yams", .upToNextMinor(from: "6.2.0")),
  ],
  targets: [
    // The API server: kubeconfig, requests, list and watch.
    .target(
      name: "KubeClient",
      dependencies: [
        objects, .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "Logging", package: "swift-log"), .product(name: "Yams", package: "Yams"),
      ]),
    // The extender's HTTP server, metrics and health.
    .target(
      name: "KubeServer",
      dependencies: [
        objects, extender, .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    // A scheduler of its own: pending pods, decisions, bindings, leader election.
    .target(
      name: "KubeScheduler",
      dependencies: [
        objects, extender, rules, "KubeClient",
        .product(name: "Logging", package: "swift-log"),
      ]),
    // What happens in a cluster to a folder, and a workload to a cluster.
    .target(
      name: "KubeRecording",
      dependencies: [
        objects, "KubeClient", .product(name: "Workload", package: "tracemill"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(
      name: "tracemill-kube",
      dependencies: [
        objects, extender, rules, "KubeClient", "KubeServer", "KubeScheduler", "KubeRecording",
        .product(name: "Runs", package: "tracemill"),
        .product(name: "Simulation", package: "tracemill"),
        .product(name: "Workload", package: "tracemill"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .testTarget(
      name: "KubeTests",
      dependencies: [
        objects, "KubeClient", "KubeScheduler", "KubeRecording",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
