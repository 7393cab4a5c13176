;; The byte kernels of src/dma/kernels.ts, over the shared region. spec/generate.ts assembles this into kernels.gen.ts.
;;
;; Checksums are partial sums of the Internet checksum (RFC 1071). One's-complement addition does not care about byte
;; order (RFC 1071 section 2 (B)), so words are added as the little-endian lanes they load as, and swapped once at the end.
;; A lane of the 32-bit accumulators takes 4 words of 16 bits a turn of 64 bytes, so 16384 turns (1 MiB) cannot overflow it.
(module
  (import "env" "memory" (memory 1 65536 shared))

  ;; Exchanges the two bytes of a 16-bit number.
  (func $swap (param $word i32) (result i32)
    (i32.or
      (i32.shl (i32.and (local.get $word) (i32.const 0xff)) (i32.const 8))
      (i32.shr_u (local.get $word) (i32.const 8))))

  ;; Adds the four lanes of an accumulator, each unsigned, without loss.
  (func $lanes (param $sums v128) (result i64)
    (local $pairs v128)
    (local.set $pairs
      (i64x2.add
        (i64x2.extend_low_i32x4_u (local.get $sums))
        (i64x2.extend_high_i32x4_u (local.get $sums))))
    (i64.add (i64x2.extract_lane 0 (local.get $pairs)) (i64x2.extract_lane 1 (local.get $pairs))))

  ;; Folds to 16 bits, carries added back in (2^16 is 1 modulo 2^16 - 1), and swaps to big-endian words.
  (func $finish (param $total i64) (result i32)
    (local $sum i32)
    (local.set $total
      (i64.add (i64.and (local.get $total) (i64.const 0xffffffff)) (i64.shr_u (local.get $total) (i64.const 32))))
    (local.set $total
      (i64.add (i64.and (local.get $total) (i64.const 0xffff)) (i64.shr_u (local.get $total) (i64.const 16))))
    (local.set $sum (i32.wrap_i64
      (i64.add (i64.and (local.get $total) (i64.const 0xffff)) (i64.shr_u (local.get $total) (i64.const 16)))))
    (local.set $sum
      (i32.add (i32.and (local.get $sum) (i32.const 0xffff)) (i32.shr_u (local.get $sum) (i32.const 16))))
    (call $swap (local.get $sum)))

  (func (export "sum") (param $offset i32) (param $length i32) (param $initial i32) (result i32)
    (local $total i64)
    (local $even v128)
    (local $odd v128)
    (local $turns i32)
    (local.set $total (i64.extend_i32_u (call $swap (local.get $initial))))
    (block $tail
      (br_if $tail (i32.lt_u (local.get $length) (i32.const 64)))
      (loop $blocks
        (local.set $turns (i32.shr_u (local.get $length) (i32.const 6)))
        (if (i32.gt_u (local.get $turns) (i32.const 16384)) (then (local.set $turns (i32.const 16384))))
        (local.set $length (i32.sub (local.get $length) (i32.shl (local.get $turns) (i32.const 6))))
        (local.set $even (v128.const i32x4 0 0 0 0))
        (local.set $odd (v128.const i32x4 0 0 0 0))
        (loop $turn
          (local.set $even (i32x4.add (local.get $even)
            (i32x4.extadd_pairwise_i16x8_u (v128.load align=1 (local.get $offset)))))
          (local.set $odd (i32x4.add (local.get $odd)
            (i32x4.extadd_pairwise_i16x8_u (v128.load offset=16 align=1 (local.get $offset)))))
          (local.set $even (i32x4.add (local.get $even)
            (i32x4.extadd_pairwise_i16x8_u (v128.load offset=32 align=1 (local.get $offset)))))
          (local.set $odd (i32x4.add (local.get $odd)
            (i32x4.extadd_pairwise_i16x8_u (v128.load offset=48 align=1 (local.get $offset)))))
          (local.set $offset (i32.add (local.get $offset) (i32.const 64)))
          (br_if $turn (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
        (local.set $total (i64.add (local.get $total)
          (i64.add (call $lanes (local.get $even)) (call $lanes (local.get $odd)))))
        (br_if $blocks (i32.ge_u (local.get $length) (i32.const 64)))))
    (block $bytes
      (loop $eights
        (br_if $bytes (i32.lt_u (local.get $length) (i32.const 8)))
        (local.set $total (i64.add (local.get $total)
          (i64.add
            (i64.load32_u align=1 (local.get $offset))
            (i64.load32_u offset=4 align=1 (local.get $offset)))))
        (local.set $offset (i32.add (local.get $offset) (i32.const 8)))
        (local.set $length (i32.sub (local.get $length) (i32.const 8)))
        (br $eights)))
    (if (i32.and (local.get $length) (i32.const 4))
      (then
        (local.set $total (i64.add (local.get $total) (i64.load32_u align=1 (local.get $offset))))
        (local.set $offset (i32.add (local.get $offset) (i32.const 4)))))
    (if (i32.and (local.get $length) (i32.const 2))
      (then
        (local.set $total (i64.add (local.get $total) (i64.load16_u align=1 (local.get $offset))))
        (local.set $offset (i32.add (local.get $offset) (i32.const 2)))))
    (if (i32.and (local.get $length) (i32.const 1))
      (then (local.set $total (i64.add (local.get $total) (i64.load8_u (local.get $offset))))))
    (call $finish (local.get $total)))

  (func (export "copySum") (param $destination i32) (param $source i32) (param $length i32) (param $initial i32)
    (result i32)
    (local $total i64)
    (local $four i64)
    (local $more i64)
    (local $even v128)
    (local $odd v128)
    (local $first v128)
    (local $second v128)
    (local $third v128)
    (local $fourth v128)
    (local $turns i32)
    (local.set $total (i64.extend_i32_u (call $swap (local.get $initial))))
    (block $tail
      (br_if $tail (i32.lt_u (local.get $length) (i32.const 64)))
      (loop $blocks
        (local.set $turns (i32.shr_u (local.get $length) (i32.const 6)))
        (if (i32.gt_u (local.get $turns) (i32.const 16384)) (then (local.set $turns (i32.const 16384))))
        (local.set $length (i32.sub (local.get $length) (i32.shl (local.get $turns) (i32.const 6))))
        (local.set $even (v128.const i32x4 0 0 0 0))
        (local.set $odd (v128.const i32x4 0 0 0 0))
        (loop $turn
          (local.set $first (v128.load align=1 (local.get $source)))
          (local.set $second (v128.load offset=16 align=1 (local.get $source)))
          (local.set $third (v128.load offset=32 align=1 (local.get $source)))
          (local.set $fourth (v128.load offset=48 align=1 (local.get $source)))
          (v128.store align=1 (local.get $destination) (local.get $first))
          (v128.store offset=16 align=1 (local.get $destination) (local.get $second))
          (v128.store offset=32 align=1 (local.get $destination) (local.get $third))
          (v128.store offset=48 align=1 (local.get $destination) (local.get $fourth))
          (local.set $even (i32x4.add (local.get $even) (i32x4.extadd_pairwise_i16x8_u (local.get $first))))
          (local.set $odd (i32x4.add (local.get $odd) (i32x4.extadd_pairwise_i16x8_u (local.get $second))))
          (local.set $even (i32x4.add (local.get $even) (i32x4.extadd_pairwise_i16x8_u (local.get $third))))
          (local.set $odd (i32x4.add (local.get $odd) (i32x4.extadd_pairwise_i16x8_u (local.get $fourth))))
          (local.set $source (i32.add (local.get $source) (i32.const 64)))
          (local.set $destination (i32.add (local.get $destination) (i32.const 64)))
          (br_if $turn (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
        (local.set $total (i64.add (local.get $total)
          (i64.add (call $lanes (local.get $even)) (call $lanes (local.get $odd)))))
        (br_if $blocks (i32.ge_u (local.get $length) (i32.const 64)))))
    (block $bytes
      (loop $eights
        (br_if $bytes (i32.lt_u (local.get $length) (i32.const 8)))
        (local.set $four (i64.load32_u align=1 (local.get $source)))
        (local.set $more (i64.load32_u offset=4 align=1 (local.get $source)))
        (i64.store32 align=1 (local.get $destination) (local.get $four))
        (i64.store32 offset=4 align=1 (local.get $destination) (local.get $more))
        (local.set $total (i64.add (local.get $total) (i64.add (local.get $four) (local.get $more))))
        (local.set $source (i32.add (local.get $source) (i32.const 8)))
        (local.set $destination (i32.add (local.get $destination) (i32.const 8)))
        (local.set $length (i32.sub (local.get $length) (i32.const 8)))
        (br $eights)))
    (if (i32.and (local.get $length) (i32.const 4))
      (then
        (local.set $four (i64.load32_u align=1 (local.get $source)))
        (i64.store32 align=1 (local.get $destination) (local.get $four))
        (local.set $total (i64.add (local.get $total) (local.get $four)))
        (local.set $source (i32.add (local.get $source) (i32.const 4)))
        (local.set $destination (i32.add (local.get $destination) (i32.const 4)))))
    (if (i32.and (local.get $length) (i32.const 2))
      (then
        (local.set $four (i64.load16_u align=1 (local.get $source)))
        (i64.store16 align=1 (local.get $destination) (local.get $four))
        (local.set $total (i64.add (local.get $total) (local.get $four)))
        (local.set $source (i32.add (local.get $source) (i32.const 2)))
        (local.set $destination (i32.add (local.get $destination) (i32.const 2)))))
    (if (i32.and (local.get $length) (i32.const 1))
      (then
        (local.set $four (i64.load8_u (local.get $source)))
        (i64.store8 (local.get $destination) (local.get $four))
        (local.set $total (i64.add (local.get $total) (local.get $four)))))
    (call $finish (local.get $total)))

  ;; Up to 64 bytes without the call memory.copy makes: everything is loaded before anything is stored, so that
  ;; overlapping ranges are copied as memory.copy copies them. The two halves of each pair may overlap each other.
  (func (export "copy") (param $destination i32) (param $source i32) (param $length i32)
    (local $end i32)
    (local $target i32)
    (local $first v128)
    (local $second v128)
    (local $third v128)
    (local $fourth v128)
    (local $head i64)
    (local $tail i64)
    (if (i32.gt_u (local.get $length) (i32.const 64))
      (then
        (memory.copy (local.get $destination) (local.get $source) (local.get $length))
        (return)))
    (local.set $end (i32.add (local.get $source) (local.get $length)))
    (local.set $target (i32.add (local.get $destination) (local.get $length)))
    (if (i32.ge_u (local.get $length) (i32.const 16))
      (then
        (local.set $first (v128.load align=1 (local.get $source)))
        (if (i32.gt_u (local.get $length) (i32.const 32))
          (then
            (local.set $second (v128.load offset=16 align=1 (local.get $source)))
            (local.set $third (v128.load align=1 (i32.sub (local.get $end) (i32.const 32))))
            (local.set $fourth (v128.load align=1 (i32.sub (local.get $end) (i32.const 16))))
            (v128.store align=1 (local.get $destination) (local.get $first))
            (v128.store offset=16 align=1 (local.get $destination) (local.get $second))
            (v128.store align=1 (i32.sub (local.get $target) (i32.const 32)) (local.get $third))
            (v128.store align=1 (i32.sub (local.get $target) (i32.const 16)) (local.get $fourth))
            (return)))
        (local.set $second (v128.load align=1 (i32.sub (local.get $end) (i32.const 16))))
        (v128.store align=1 (local.get $destination) (local.get $first))
        (v128.store align=1 (i32.sub (local.get $target) (i32.const 16)) (local.get $second))
        (return)))
    (if (i32.ge_u (local.get $length) (i32.const 8))
      (then
        (local.set $head (i64.load align=1 (local.get $source)))
        (local.set $tail (i64.load align=1 (i32.sub (local.get $end) (i32.const 8))))
        (i64.store align=1 (local.get $destination) (local.get $head))
        (i64.store align=1 (i32.sub (local.get $target) (i32.const 8)) (local.get $tail))
        (return)))
    (memory.copy (local.get $destination) (local.get $source) (local.get $length)))
)
