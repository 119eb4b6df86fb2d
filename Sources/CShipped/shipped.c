#include "shipped.h"

#include <string.h>

// #embed is of C23; clang has it in all dialects. Arrays in Swift, which `.embedInCode` makes, take the
// compiler 0.2 ms a byte.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char study_setting[] = {
#embed "../../data/policies/study-setting.safetensors"
};

static const unsigned char study_100[] = {
#embed "../../data/policies/study-100.safetensors"
};

// Those that `tools/learned-orders --train` has made.
#if __has_embed("../../data/policies/order-hpc2n.safetensors")
static const unsigned char order_hpc2n[] = {
#embed "../../data/policies/order-hpc2n.safetensors"
};
#endif
#if __has_embed("../../data/policies/order-hpc2n-shadow.safetensors")
static const unsigned char order_hpc2n_shadow[] = {
#embed "../../data/policies/order-hpc2n-shadow.safetensors"
};
#endif
#if __has_embed("../../data/policies/order-hpc2n-first.safetensors")
static const unsigned char order_hpc2n_first[] = {
#embed "../../data/policies/order-hpc2n-first.safetensors"
};
#endif
#if __has_embed("../../data/policies/order-hpc2n-first-shadow.safetensors")
static const unsigned char order_hpc2n_first_shadow[] = {
#embed "../../data/policies/order-hpc2n-first-shadow.safetensors"
};
#endif
#if __has_embed("../../data/policies/order-lublin-1.safetensors")
static const unsigned char order_lublin_1[] = {
#embed "../../data/policies/order-lublin-1.safetensors"
};
#endif
#if __has_embed("../../data/policies/order-lublin-1-shadow.safetensors")
static const unsigned char order_lublin_1_shadow[] = {
#embed "../../data/policies/order-lublin-1-shadow.safetensors"
};
#endif
#if __has_embed("../../data/policies/order-lublin-2.safetensors")
static const unsigned char order_lublin_2[] = {
#embed "../../data/policies/order-lublin-2.safetensors"
};
#endif
#if __has_embed("../../data/policies/order-lublin-2-shadow.safetensors")
static const unsigned char order_lublin_2_shadow[] = {
#embed "../../data/policies/order-lublin-2-shadow.safetensors"
};
#endif

// That of `tools/published-stages --train`.
#if __has_embed("../../data/policies/stages-tpch.safetensors")
static const unsigned char stages_tpch[] = {
#embed "../../data/policies/stages-tpch.safetensors"
};
#endif

static const unsigned char devices_fgd[] = {
#embed "../../data/policies/devices-fgd.safetensors"
};

static const struct {
  const char *name;
  const unsigned char *bytes;
  // Zero for a text, which ends with a zero byte.
  size_t size;
} files[] = {
  {"policies/study-setting.safetensors", study_setting, sizeof study_setting},
  {"policies/study-100.safetensors", study_100, sizeof study_100},
#if __has_embed("../../data/policies/order-hpc2n.safetensors")
  {"policies/order-hpc2n.safetensors", order_hpc2n, sizeof order_hpc2n},
#endif
#if __has_embed("../../data/policies/order-hpc2n-shadow.safetensors")
  {"policies/order-hpc2n-shadow.safetensors", order_hpc2n_shadow, sizeof order_hpc2n_shadow},
#endif
#if __has_embed("../../data/policies/order-hpc2n-first.safetensors")
  {"policies/order-hpc2n-first.safetensors", order_hpc2n_first, sizeof order_hpc2n_first},
#endif
#if __has_embed("../../data/policies/order-hpc2n-first-shadow.safetensors")
  {"policies/order-hpc2n-first-shadow.safetensors", order_hpc2n_first_shadow, sizeof order_hpc2n_first_shadow},
#endif
#if __has_embed("../../data/policies/order-lublin-1.safetensors")
  {"policies/order-lublin-1.safetensors", order_lublin_1, sizeof order_lublin_1},
#endif
#if __has_embed("../../data/policies/order-lublin-1-shadow.safetensors")
  {"policies/order-lublin-1-shadow.safetensors", order_lublin_1_shadow, sizeof order_lublin_1_shadow},
#endif
#if __has_embed("../../data/policies/order-lublin-2.safetensors")
  {"policies/order-lublin-2.safetensors", order_lublin_2, sizeof order_lublin_2},
#endif
#if __has_embed("../../data/policies/order-lublin-2-shadow.safetensors")
  {"policies/order-lublin-2-shadow.safetensors", order_lublin_2_shadow, sizeof order_lublin_2_shadow},
#endif
  {"policies/devices-fgd.safetensors", devices_fgd, sizeof devices_fgd},
#if __has_embed("../../data/policies/stages-tpch.safetensors")
  {"policies/stages-tpch.safetensors", stages_tpch, sizeof stages_tpch},
#endif
  {"policies/study-setting.curve.csv", (const unsigned char[]){
#embed "../../data/policies/study-setting.curve.csv" suffix(, 0)
  }},
  {"policies/study-100.curve.csv", (const unsigned char[]){
#embed "../../data/policies/study-100.curve.csv" suffix(, 0)
  }},
  {"policies/one-step-study-100.json", (const unsigned char[]){
#embed "../../data/policies/one-step-study-100.json" suffix(, 0)
  }},
  {"profiles/google-2011.json", (const unsigned char[]){
#embed "../Generation/Profiles/google-2011.json" suffix(, 0)
  }},
  {"profiles/google-2019.json", (const unsigned char[]){
#embed "../Generation/Profiles/google-2019.json" suffix(, 0)
  }},
  {"experiments/study.yaml", (const unsigned char[]){
#embed "../Experiments/Shipped/study.yaml" suffix(, 0)
  }},
  {"experiments/example.yaml", (const unsigned char[]){
#embed "../Experiments/Shipped/example.yaml" suffix(, 0)
  }},
  {"pages/report.css", (const unsigned char[]){
#embed "../Experiments/Shipped/report.css" suffix(, 0)
  }},
  {"pages/report.js", (const unsigned char[]){
#embed "../Experiments/Shipped/report.js" suffix(, 0)
  }},
  {"pages/timeline.css", (const unsigned char[]){
#embed "../Experiments/Shipped/timeline.css" suffix(, 0)
  }},
  {"pages/timeline.js", (const unsigned char[]){
#embed "../Experiments/Shipped/timeline.js" suffix(, 0)
  }},

  // Mappings of public traces, in the order in which they are asked: where the columns of one are among another's,
  // that one comes later. A new one is a file in Sources/TraceParsing/Presets and an entry here.
  {"mappings/opendc", (const unsigned char[]){
#embed "../TraceParsing/Presets/opendc.yaml" suffix(, 0)
  }},
  {"mappings/helios", (const unsigned char[]){
#embed "../TraceParsing/Presets/helios.yaml" suffix(, 0)
  }},
  {"mappings/acme-kalos", (const unsigned char[]){
#embed "../TraceParsing/Presets/acme-kalos.yaml" suffix(, 0)
  }},
  {"mappings/acme-seren", (const unsigned char[]){
#embed "../TraceParsing/Presets/acme-seren.yaml" suffix(, 0)
  }},
  {"mappings/microsoft-itp", (const unsigned char[]){
#embed "../TraceParsing/Presets/microsoft-itp.yaml" suffix(, 0)
  }},
  {"mappings/philly", (const unsigned char[]){
#embed "../TraceParsing/Presets/philly.yaml" suffix(, 0)
  }},
  {"mappings/philly-pollux", (const unsigned char[]){
#embed "../TraceParsing/Presets/philly-pollux.yaml" suffix(, 0)
  }},
  {"mappings/alibaba-gpu-2020", (const unsigned char[]){
#embed "../TraceParsing/Presets/alibaba-gpu-2020.yaml" suffix(, 0)
  }},
  {"mappings/alibaba-dlrm-2025", (const unsigned char[]){
#embed "../TraceParsing/Presets/alibaba-dlrm-2025.yaml" suffix(, 0)
  }},
  {"mappings/azure-packing-2020", (const unsigned char[]){
#embed "../TraceParsing/Presets/azure-packing-2020.yaml" suffix(, 0)
  }},
  {"mappings/alibaba-spot-2026", (const unsigned char[]){
#embed "../TraceParsing/Presets/alibaba-spot-2026.yaml" suffix(, 0)
  }},
  {"mappings/alibaba-genai-2026", (const unsigned char[]){
#embed "../TraceParsing/Presets/alibaba-genai-2026.yaml" suffix(, 0)
  }},
  {"mappings/azure-functions-2021", (const unsigned char[]){
#embed "../TraceParsing/Presets/azure-functions-2021.yaml" suffix(, 0)
  }},
  {"mappings/azure-llm", (const unsigned char[]){
#embed "../TraceParsing/Presets/azure-llm.yaml" suffix(, 0)
  }},
  {"mappings/burstgpt-3", (const unsigned char[]){
#embed "../TraceParsing/Presets/burstgpt-3.yaml" suffix(, 0)
  }},
  {"mappings/burstgpt", (const unsigned char[]){
#embed "../TraceParsing/Presets/burstgpt.yaml" suffix(, 0)
  }},
  {"mappings/mooncake", (const unsigned char[]){
#embed "../TraceParsing/Presets/mooncake.yaml" suffix(, 0)
  }},
  {"mappings/mit-supercloud", (const unsigned char[]){
#embed "../TraceParsing/Presets/mit-supercloud.yaml" suffix(, 0)
  }},
  {"mappings/pm100", (const unsigned char[]){
#embed "../TraceParsing/Presets/pm100.yaml" suffix(, 0)
  }},
  {"mappings/f-data", (const unsigned char[]){
#embed "../TraceParsing/Presets/f-data.yaml" suffix(, 0)
  }},
  {"mappings/lassen", (const unsigned char[]){
#embed "../TraceParsing/Presets/lassen.yaml" suffix(, 0)
  }},
  {"mappings/lanl-mustang", (const unsigned char[]){
#embed "../TraceParsing/Presets/lanl-mustang.yaml" suffix(, 0)
  }},
  {"mappings/two-sigma", (const unsigned char[]){
#embed "../TraceParsing/Presets/two-sigma.yaml" suffix(, 0)
  }},
  {"mappings/frontier", (const unsigned char[]){
#embed "../TraceParsing/Presets/frontier.yaml" suffix(, 0)
  }},
  {"mappings/huawei-east", (const unsigned char[]){
#embed "../TraceParsing/Presets/huawei-east.yaml" suffix(, 0)
  }},
  {"mappings/batsim", (const unsigned char[]){
#embed "../TraceParsing/Presets/batsim.yaml" suffix(, 0)
  }},
  {"mappings/slurm", (const unsigned char[]){
#embed "../TraceParsing/Presets/slurm.yaml" suffix(, 0)
  }},
  {"mappings/slurm-json", (const unsigned char[]){
#embed "../TraceParsing/Presets/slurm-json.yaml" suffix(, 0)
  }},
  {"mappings/pbs", (const unsigned char[]){
#embed "../TraceParsing/Presets/pbs.yaml" suffix(, 0)
  }},
  {"mappings/lsf", (const unsigned char[]){
#embed "../TraceParsing/Presets/lsf.yaml" suffix(, 0)
  }},
  {"mappings/kubernetes-recording", (const unsigned char[]){
#embed "../TraceParsing/Presets/kubernetes-recording.yaml" suffix(, 0)
  }},
  {"mappings/wfcommons", (const unsigned char[]){
#embed "../TraceParsing/Presets/wfcommons.yaml" suffix(, 0)
  }},
  {"mappings/wfcommons-1.3", (const unsigned char[]){
#embed "../TraceParsing/Presets/wfcommons-1.3.yaml" suffix(, 0)
  }},
  {"mappings/wfcommons-1.2", (const unsigned char[]){
#embed "../TraceParsing/Presets/wfcommons-1.2.yaml" suffix(, 0)
  }},
  {"mappings/bitbrains", (const unsigned char[]){
#embed "../TraceParsing/Presets/bitbrains.yaml" suffix(, 0)
  }},
  {"mappings/azure-vm", (const unsigned char[]){
#embed "../TraceParsing/Presets/azure-vm.yaml" suffix(, 0)
  }},
  {"mappings/opendc-2.0", (const unsigned char[]){
#embed "../TraceParsing/Presets/opendc-2.0.yaml" suffix(, 0)
  }},
  {"mappings/opendc-2021", (const unsigned char[]){
#embed "../TraceParsing/Presets/opendc-2021.yaml" suffix(, 0)
  }},
  {"mappings/wta", (const unsigned char[]){
#embed "../TraceParsing/Presets/wta.yaml" suffix(, 0)
  }},
  {"mappings/materna", (const unsigned char[]){
#embed "../TraceParsing/Presets/materna.yaml" suffix(, 0)
  }},
  {"mappings/alibaba-2018-containers", (const unsigned char[]){
#embed "../TraceParsing/Presets/alibaba-2018-containers.yaml" suffix(, 0)
  }},
  {"mappings/alibaba-2018-instances", (const unsigned char[]){
#embed "../TraceParsing/Presets/alibaba-2018-instances.yaml" suffix(, 0)
  }},
  {"mappings/gwa", (const unsigned char[]){
#embed "../TraceParsing/Presets/gwa.yaml" suffix(, 0)
  }},
  {"mappings/planetlab", (const unsigned char[]){
#embed "../TraceParsing/Presets/planetlab.yaml" suffix(, 0)
  }},
};

static const size_t count = sizeof files / sizeof files[0];

const unsigned char *shipped_file(const char *name, size_t *size) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(files[i].name, name) == 0) {
      *size = files[i].size ? files[i].size : strlen((const char *)files[i].bytes);
      return files[i].bytes;
    }
  }
  *size = 0;
  return NULL;
}

const char *shipped_mapping(size_t place) {
  static const char folder[] = "mappings/";
  for (size_t i = 0; i < count; i++) {
    if (strncmp(files[i].name, folder, strlen(folder)) == 0 && place-- == 0) {
      return files[i].name + strlen(folder);
    }
  }
  return NULL;
}
