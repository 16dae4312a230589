"""Reception, tests, judgement by protocol, approval, report and certificate (접수 → 시험 → 발급 → 인증)."""
