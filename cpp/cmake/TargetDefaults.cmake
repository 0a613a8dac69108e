# What every target of this project is compiled with. Third-party headers come through imported
# targets, which are system headers to the compiler: the warnings are about our own code only.
function(enteroscan_target_defaults target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4 /permissive- /utf-8 $<$<BOOL:${ENTEROSCAN_WERROR}>:/WX>)
  else()
    target_compile_options(${target} PRIVATE
      -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
      $<$<BOOL:${ENTEROSCAN_WERROR}>:-Werror>
      # The same bits on every machine: a*b+c is never fused where the CPU happens to be able to. For the
      # same reason -ffast-math is not used anywhere.
      -ffp-contract=off)
  endif()
endfunction()
