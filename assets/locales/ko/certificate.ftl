certificate-title = 원래 서버가 아닐 수 있습니다
certificate-line = { $address } 서버의 인증서가 이전과 다릅니다. 서버를 새로 설치했거나, 누군가 이 서버인 척하고 있을 수 있습니다. 아직 아무것도 보내지 않았습니다.
certificate-what-to-do = 서버 관리자에게 지문을 불러 달라고 하세요. 아래의 새 지문과 같을 때만 신뢰하세요.
certificate-pinned = 지금까지의 지문
certificate-shown = 지금 보이는 지문
certificate-leave = 연결하지 않기
certificate-trust = 확인했습니다. 새 지문을 신뢰합니다
