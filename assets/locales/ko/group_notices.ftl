# 그룹과 관련하여 이 사용자에게 일어난 일.
notice-group-added = { $name } 님이 회원님을 ‘{ $group }’ 그룹에 추가했습니다
notice-group-removed = { $name } 님이 회원님을 ‘{ $group }’ 그룹에서 내보냈습니다
notice-group-dismissed = { $name } 님이 ‘{ $group }’ 그룹을 해산했습니다
notice-group-let-in = ‘{ $group }’ 그룹에 가입되었습니다
notice-group-turned-down = ‘{ $group }’ 그룹 가입 신청이 거절되었습니다
notice-group-turned-down-because = ‘{ $group }’ 그룹 가입 신청이 거절되었습니다: { $name }
notice-group-now-owner = { $name } 님이 ‘{ $group }’ 그룹의 소유권을 회원님에게 넘겼습니다
notice-group-now-admin = { $name } 님이 회원님을 ‘{ $group }’ 그룹의 관리자로 지정했습니다
notice-group-applicant = { $name } 님이 ‘{ $group }’ 그룹에 가입을 신청했습니다
