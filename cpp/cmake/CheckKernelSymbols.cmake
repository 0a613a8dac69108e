# cmake -DNM=<nm> -DISA=<name> -DOBJECTS=<a.o;b.o> -P CheckKernelSymbols.cmake
#
# The objects compiled for a newer CPU may only define symbols of their own namespace. An inline
# function that the compiler did not inline (std::vector::push_back, anything of Eigen or Boost) becomes
# a weak symbol, of which the linker keeps one copy for the whole program: should it keep the AVX-512
# one, the program dies on every older CPU, far away from the kernels.
set(offenders "")
foreach(object IN LISTS OBJECTS)
  execute_process(COMMAND "${NM}" --defined-only --demangle "${object}"
                  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]* W [^\n]*" shared "${symbols}")
  foreach(symbol IN LISTS shared)
    if(NOT symbol MATCHES "enteroscan::(detail::)?${ISA}::")
      string(APPEND offenders "\n  ${symbol}")
    endif()
  endforeach()
endforeach()
if(offenders)
  message(FATAL_ERROR "Kernels compiled for '${ISA}' define shared symbols outside their namespace:${offenders}")
endif()
