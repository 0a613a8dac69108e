# ENTEROSCAN_SANITIZE=address;undefined or =thread, for everything that is built.
if(ENTEROSCAN_SANITIZE)
  if("thread" IN_LIST ENTEROSCAN_SANITIZE AND ENTEROSCAN_THREADS STREQUAL "tbb")
    message(FATAL_ERROR "ThreadSanitizer cannot see the synchronisation inside a stock libtbb and reports "
                        "races that are none; configure with -DENTEROSCAN_THREADS=std (preset tsan)")
  endif()
  list(JOIN ENTEROSCAN_SANITIZE "," sanitizers)
  add_compile_options(-fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${sanitizers})
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
endif()
