// swift-tools-version: 6.2
import PackageDescription

// The service for Kubernetes stands apart, so that its server is nobody else's dependency.
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
    // What Kubernetes says: quantities, pods, nodes, selectors, and the extender's bodies.
    .target(name: "KubeObjects"),
    // What Kubernetes asks of a placement, and a view of nodes and pods on which a policy decides.
    .target(
      name: "KubeRules",
      dependencies: [
        "KubeObjects", .product(name: "Simulation", package: "tracemill"),
        .product(name: "Workload", package: "tracemill"),
      ]),
    // The API server: kubeconfig, requests, list and watch.
    .target(
      name: "KubeClient",
      dependencies: [
        "KubeObjects", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "Logging", package: "swift-log"), .product(name: "Yams", package: "Yams"),
      ]),
    // The extender's HTTP server, metrics and health.
    .target(
      name: "KubeServer",
      dependencies: [
        "KubeObjects", "KubeRules", .product(name: "NIOCore", package: "swift-nio"),
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
        "KubeObjects", "KubeRules", "KubeClient", "KubeServer",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(
      name: "tracemill-kube",
      dependencies: [
        "KubeObjects", "KubeRules", "KubeClient", "KubeServer", "KubeScheduler",
        .product(name: "MARL", package: "tracemill"),
        .product(name: "Simulation", package: "tracemill"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .testTarget(
      name: "KubeTests",
      dependencies: [
        "KubeObjects", "KubeRules", "KubeClient", "KubeServer", "KubeScheduler",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
